// Package registry asks Enhetsregisteret, the Norwegian register of legal
// entities, about organisations, and keeps its answers.
//
// It owns what an answer must look like to be believed, how long it is kept,
// and how often the register is asked. It does not know what follows from an
// answer: nothing here fails because the register is down.
package registry
