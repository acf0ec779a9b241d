// Package selection turns tasks, information and delivery models into levels,
// measures and requirements, each with the chain of reasons that put it
// there. It is pure and deterministic: the same input gives the same result,
// in the same order. It does not know who asks or what is done with it.
package selection
