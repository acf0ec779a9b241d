// Package kms signs with keys that are kept by a key management service or in hardware, through
// Sigstore's plugin programs: NAME://KEY is signed for by the program sigstore-kms-NAME on PATH.
//
// It owns how long such a program may take and the rule that nothing it answers is believed before the
// public key verifies it. It does not know whose key a key is or what is signed. The program inherits the
// environment, from which it has its credentials; the key's name is an argument, and can be seen by others
// on the same machine.
package kms
