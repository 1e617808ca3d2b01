package zoo

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// debianPath is the PATH of Debian's own images.
const debianPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// The applications, each from a folder of its name below images.
var applications = []application{
	{
		name: "nginx", kind: "nginx with static pages, `USER www-data`, `STOPSIGNAL SIGQUIT`",
		needs: "`listen 8080`, `pid` and the temporary paths below `/tmp`",
		picture: picture{
			layers: []string{"debian-nginx"}, folders: []string{"nginx/files"}, config: v1.Config{
				Entrypoint: []string{"nginx"}, Cmd: []string{"-g", "daemon off;"}, User: "www-data", StopSignal: "SIGQUIT",
				Env: []string{debianPath},
			},
		},
		front: "/", drive: driveNginx,
		complaint: []string{
			"ended", "before it listened on port 8080", "bind() to 0.0.0.0:80 failed",
			"No program listens on a port below 1024, for none runs as root. (docs/images.md)",
		},
	},
	{
		name: "php", kind: "nginx with php-fpm, both under supervisor, `CMD` in shell form",
		needs: "as nginx; `error_log`, `listen` and `session.save_path` of php-fpm below `/dev` and `/tmp`; " +
			"`http.healthPath: /up`, since nginx listens before php-fpm does",
		picture: picture{
			layers: []string{"debian-php"}, folders: []string{"php/files"}, config: v1.Config{
				Cmd: []string{"/bin/sh", "-c", "supervisord -c /etc/supervisor/supervisord.conf"}, Env: []string{debianPath},
			},
		},
		manifest: func(s *v1alpha1.Stage) { s.Spec.Manifest.HTTP.HealthPath = "/up" },
		front:    "/", drive: drivePHP,
		complaint: []string{
			"listens on 127.0.0.1:8080, but was not ready within", "GET /up answered 502",
			"Only /tmp can be written to; the image's own files are read-only. (docs/images.md)", "php8.2-fpm.log",
		},
	},
	{
		name: "node", kind: "Express by `npm start`, on `localhost`, with an `/assets` of its own", needs: "nothing",
		picture: picture{
			layers: []string{"debian-node", "npm-node"}, folders: []string{"node/files"}, config: v1.Config{
				Cmd: []string{"npm", "start"}, WorkingDir: "/srv/app",
				Env: []string{"PATH=/srv/app/node_modules/.bin:/usr/bin:/bin", "NODE_ENV=production"},
			},
		},
		front: "/", drive: driveNode,
		complaint: []string{"the application (npm start) ended", "Cannot find module 'opossum'"},
	},
	{
		name: "vite", kind: "a page built by Vite, with Vite's own `/assets`, behind nginx", needs: "as nginx",
		picture: picture{
			layers: []string{"debian-nginx", "npm-vite"}, folders: []string{"vite/files"}, config: v1.Config{
				Cmd: []string{"nginx", "-g", "daemon off;"}, Env: []string{debianPath},
			},
		},
		front: "/version", drive: driveVite,
		complaint: []string{
			`mkdir() "/var/lib/nginx/body" failed`,
			"Only /tmp can be written to; the image's own files are read-only. (docs/images.md)",
		},
	},
	{
		name: "django", kind: "Django under gunicorn, with a login, CSRF protection, `ALLOWED_HOSTS` and Secure cookies",
		needs: "`--worker-tmp-dir /tmp`; static files as `assets`, with `ASSET_URL` in their addresses",
		picture: picture{
			layers: []string{"debian-django"}, folders: []string{"django/files"}, config: v1.Config{
				Entrypoint: []string{"gunicorn", "--worker-tmp-dir", "/tmp"},
				Cmd:        []string{"--bind", "127.0.0.1:8000", "site_app:application"}, WorkingDir: "/srv/app", User: "1000:1000",
				Env: []string{debianPath, "PYTHONDONTWRITEBYTECODE=1", "SECRET_KEY=only-for-the-build"},
			},
		},
		manifest: func(s *v1alpha1.Stage) {
			s.Spec.Manifest.Runtime.HTTP.Port = 8000
			s.Spec.Assets = &v1alpha1.Assets{FromImage: &v1alpha1.AssetsFromImage{Path: "/srv/static"}}
		},
		front: "/", drive: driveDjango,
		broken: func(p *picture) {
			p.config.Entrypoint = []string{"gunicorn", "--worker-tmp-dir", "/dev/shm"}
		},
		complaint: []string{"There is no /dev/shm. (docs/images.md)"},
	},
	{
		name: "ruby", kind: "Sinatra under puma, which needs 12 seconds to start, `CMD` in shell form",
		needs: "nothing: its port is `runtime.http.port`",
		picture: picture{
			layers: []string{"debian-ruby"}, folders: []string{"ruby/files"}, config: v1.Config{
				Cmd:        []string{"/bin/sh", "-c", "exec puma --bind tcp://0.0.0.0:9292 --threads 1:2 $PUMA_FLAGS"},
				WorkingDir: "/srv/app", User: "www-data", Env: []string{debianPath, "RACK_ENV=production", "PUMA_FLAGS=--quiet"},
			},
		},
		manifest: func(s *v1alpha1.Stage) { s.Spec.Manifest.Runtime.HTTP.Port = 9292 },
		front:    "/", drive: driveRuby,
		complaint: []string{"ended", "before it listened on port 9292", "cannot load such file -- sinatra/json"},
	},
}

func driveNginx(s *stage) {
	v := s.visitor()
	s.g.Expect(v.get("/docs/").Text).To(ContainSubstring("The docs of v1."))
	for path, location := range map[string]string{"/old": "/docs", "/docs": "/docs/"} {
		redirect := v.get(path)
		s.g.Expect(redirect.StatusCode).To(Equal(http.StatusMovedPermanently))
		s.g.Expect(redirect.Header.Get("Location")).To(HaveSuffix(location))
	}
	told := v.get("/told?a=1&a=%2F")
	s.g.Expect(told.Text).To(Equal("http " + strings.TrimPrefix(v.url, "https://") + " https /told?a=1&a=%2F"))
	s.g.Expect(told.Header.Values("Set-Cookie")).To(ConsistOf("a=1; Path=/", "b=2; Path=/"))
	s.g.Expect(v.get("/missing").StatusCode).To(Equal(http.StatusNotFound))
	tag := v.get("/docs/").Header.Get("Etag")
	s.g.Expect(tag).NotTo(BeEmpty())
}

func drivePHP(s *stage) {
	v := s.visitor()
	for _, count := range []string{"visit 1", "visit 2"} {
		s.g.Expect(v.get("/count").Text).To(Equal(count), "its session is kept")
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	s.g.Expect(form.WriteField("name", "grün")).To(Succeed())
	file, err := form.CreateFormFile("picture", "large.bin")
	s.g.Expect(err).NotTo(HaveOccurred())
	_, err = file.Write(make([]byte, 3<<20))
	s.g.Expect(err).NotTo(HaveOccurred())
	s.g.Expect(form.Close()).To(Succeed())
	var told struct {
		Host, Proto string
		Get         map[string]string
		Post        map[string]string
		Files       map[string]int
	}
	got := v.post("/told?q=a%20b", form.FormDataContentType(), body.Bytes())
	s.g.Expect(json.Unmarshal([]byte(got.Text), &told)).To(Succeed(), got.Text)
	s.g.Expect(told.Host).To(Equal(s.address().Hostname()), "Debian's nginx tells no port")
	s.g.Expect(told.Proto).To(Equal("https"))
	s.g.Expect(told.Get).To(Equal(map[string]string{"q": "a b"}))
	s.g.Expect(told.Post).To(Equal(map[string]string{"name": "grün"}))
	s.g.Expect(told.Files).To(Equal(map[string]int{"picture": 3 << 20}))
	// Environments that start while visitors wait: php-fpm answers seconds after nginx listens.
	answers := make(chan answer, 4)
	for range cap(answers) {
		go func() {
			got, err := v.try(s.t.Context(), http.MethodGet, "/", "", nil)
			if err != nil {
				got = answer{Response: &http.Response{Status: err.Error()}}
			}
			answers <- got
		}()
	}
	for range cap(answers) {
		s.g.Expect(<-answers).To(HaveField("Response.Status", "200 OK"))
	}
}

func driveNode(s *stage) {
	v := s.visitor()
	var told struct{ URL, IP, Home string }
	s.g.Expect(json.Unmarshal([]byte(v.get("/told").Text), &told)).To(Succeed())
	s.g.Expect(told.URL).To(Equal("https://" + s.address().Hostname() + "/told"))
	s.g.Expect(told.IP).To(Equal("127.0.0.1"), "the visitor's own address")
	s.g.Expect(told.Home).To(Equal("/tmp"))
	s.g.Expect(v.get("/assets/shop.js")).To(And(HaveField("StatusCode", http.StatusOK),
		HaveField("Text", ContainSubstring("v1"))), "its own /assets")
	s.g.Expect(v.get("/stream").Text).To(Equal("data: 0\n\ndata: 1\n\ndata: 2\n\n"))
	s.g.Expect(v.get("/crash").StatusCode).To(Equal(http.StatusBadGateway), "a crash costs the request that it happens in")
	s.g.Expect(v.get("/told").StatusCode).To(Equal(http.StatusOK), "and the server is started again")
}

func driveVite(s *stage) {
	v := s.visitor()
	script := regexp.MustCompile(`src="(/assets/[^"]+\.js)"`).FindStringSubmatch(v.get("/").Text)
	s.g.Expect(script).To(HaveLen(2))
	s.g.Expect(v.get(script[1]).Header.Get("Content-Type")).To(ContainSubstring("javascript"))
	s.g.Expect(v.get("/any/route").Text).To(ContainSubstring(script[1]), "routes of the page lead to the page")
	window := s.z.browser.open(s.t, s.Status.Endpoints.URL+"/")
	s.g.Eventually(func() string { return window.text("#told") }, patience, interval).Should(Equal("The script has run."))
	s.g.Expect(window.color("#told")).To(Equal("rgb(15, 118, 110)"), "its style sheet was loaded")
}

func driveDjango(s *stage) {
	v := s.visitor()
	form := url.Values{"name": {"Ada"}, "password": {"balloon"}}
	got := v.post("/login", "application/x-www-form-urlencoded", []byte(form.Encode()))
	s.g.Expect(got.StatusCode).To(Equal(http.StatusForbidden), "a form without the token is turned away")
	s.g.Expect(v.get("/account")).To(And(HaveField("StatusCode", http.StatusFound),
		HaveField("Header", HaveKeyWithValue("Location", []string{v.url + "/login"}))))

	window := s.z.browser.open(s.t, s.Status.Endpoints.URL+"/account")
	s.g.Expect(window.address()).To(Equal(s.Status.Endpoints.URL+"/login"), "who is not logged in is sent there")
	s.g.Expect(window.color("h1")).To(Equal("rgb(15, 118, 110)"), "its style sheet comes from the bucket")
	window.fill("[name=name]", "Ada")
	window.fill("[name=password]", "zeppelin")
	window.click("button")
	s.g.Expect(window.text("#wrong")).To(Equal("That is not the password."))
	window.fill("[name=name]", "Ada")
	window.fill("[name=password]", "balloon")
	window.click("button")
	s.g.Expect(window.address()).To(Equal(s.Status.Endpoints.URL + "/account"))
	s.g.Expect(window.text("h1")).To(Equal("Hello Ada"))
}

func driveRuby(s *stage) {
	v := s.visitor()
	s.g.Expect(v.get("/go").Header.Get("Location")).To(Equal(v.url + "/done"))
	s.g.Expect(v.get("/home").Text).To(Equal("/tmp /srv/app"))
	form := v.get("/form").Text
	token := regexp.MustCompile(`name="authenticity_token" value="([^"]+)"`).FindStringSubmatch(form)
	s.g.Expect(token).To(HaveLen(2), form)
	filled := url.Values{"a": {"balloon"}, "authenticity_token": {token[1]}}
	got := v.post("/form", "application/x-www-form-urlencoded", []byte(filled.Encode()))
	s.g.Expect(got.Text).To(Equal("posted balloon"))
}

// address is the stage's own.
func (s *stage) address() *url.URL {
	address, err := url.Parse(s.Status.Endpoints.URL)
	s.g.Expect(err).NotTo(HaveOccurred())
	return address
}
