// Package function is the contract between the operator and the runtime inside the functions: what one writes and the
// other reads, and the names that both know.
//
// Operator and runtime are released together but run apart: a function keeps the runtime that its image was copied
// with, for as long as the release is kept. So a name here never changes its meaning, a field is only ever added, and
// both sides take fields that they do not know. The package holds types and constants and imports nothing, so that
// either side can use it whatever its own import rules are. Times are texts of RFC 3339 in UTC.
package function
