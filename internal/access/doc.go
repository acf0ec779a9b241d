// Package access owns who may do what: the actor, the roles and the policy
// table. It is pure. It does not know how an actor proved who they are, nor
// how anything is stored.
package access
