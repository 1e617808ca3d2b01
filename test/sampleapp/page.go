package main

import (
	"cmp"
	_ "embed"
	"html/template"
	"log"
	"net/http"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is the application's front page. Its assets come from ASSET_URL where that is set, else from the application.
func (a web) page(w http.ResponseWriter, r *http.Request) {
	facts := struct {
		status
		Headline, Assets, Address, Token string
	}{a.read(r.Context()), a.build.Headline, cmp.Or(a.getenv("ASSET_URL"), "/public"), address(r), token(w, r)}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := pageTemplate.Execute(w, facts); err != nil {
		log.Print("writing the page: ", err)
	}
}
