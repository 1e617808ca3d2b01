// Package release is the vocabulary of a release: what is desired, what was observed, what is recorded, the next step,
// and the ways of not being done. It holds values only; of Aloft's own it imports the contract with the function
// runtime alone.
package release
