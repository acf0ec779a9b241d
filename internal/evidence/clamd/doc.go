// Package clamd asks ClamAV's daemon whether a file holds malware. It owns the
// little of the daemon's protocol that this takes (clamd(8), INSTREAM), and
// does not know what the file is or what becomes of it.
package clamd
