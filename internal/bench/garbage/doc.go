// Package garbage sends a server what the open internet does: addresses that
// do not exist, tokens that were made up, bodies of noise, headers that are far
// too large, and connections that say half a word. Meanwhile it asks how the
// server is, and asks as somebody in earnest.
//
// It knows the server's address and nothing of its inside.
package garbage
