// Package desired turns a Stage and what it refers to into a complete release. It is a function of values:
// no client, no clock, no AWS.
package desired
