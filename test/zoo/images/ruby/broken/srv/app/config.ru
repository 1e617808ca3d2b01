require "sinatra/json"

# As long as a large application needs for its code: longer than Lambda gives the init phase.

class Shop < Sinatra::Base
  enable :sessions
  set :session_secret, "x" * 64
  set :host_authorization, {}

  get("/") { "This is @VERSION@." }
  get("/go") { redirect "/done" }
  get("/home") { "#{Dir.home} #{Dir.pwd}" }
  get("/form") do
    token = Rack::Protection::AuthenticityToken.token(env["rack.session"])
    %(<form method="post"><input name="a"><input type="hidden" name="authenticity_token" value="#{token}"></form>)
  end
  post("/form") { "posted #{params[:a]}" }
end

run Shop
