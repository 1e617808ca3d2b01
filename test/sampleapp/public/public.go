// Package public holds the sample application's assets, which its images carry in /var/www/public.
package public

import "embed"

// Files are the assets of the first version.
//
//go:embed style.css logo.svg balloon.png app.js
var Files embed.FS
