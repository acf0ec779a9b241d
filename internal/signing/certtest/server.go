package certtest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Answer is how a server answers.
type Answer int

// The answers. Truth says of each certificate whether it was revoked.
const (
	Truth        Answer = iota
	Delegated           // OCSP: the truth, signed by somebody with the OCSP signing usage
	Undelegated         // OCSP: the truth, signed by somebody without it
	Lapsed              // OCSP: the truth, by a delegate whose certificate has expired
	OtherIssuer         // the truth, signed by an authority of the same name with another key
	OtherSubject        // OCSP: about a certificate of that number of another issuer
	DoesNotKnow         // OCSP: the state "unknown"
	Stale               // an answer that stood until an hour ago
	Early               // an answer of tomorrow
	Undated             // OCSP: an answer without a next update, of now
	Hang                // no answer until the client leaves
	Garbage             // something else
	Failure             // status 500
	Large               // more than anybody wants
	Moved               // a redirect to a file
)

// Server answers for a [CA] at a loopback address.
type Server struct {
	ca   *CA
	http *httptest.Server

	mu            sync.Mutex
	now           func() time.Time
	ocsp, crl     Answer
	revoked       map[string]revocation
	extensions    []pkix.Extension
	asked, listed int
}

type revocation struct {
	at     time.Time
	reason int
	serial *big.Int
}

func newServer(t testing.TB, ca *CA) *Server {
	t.Helper()
	s := &Server{ca: ca, now: func() time.Time { return ca.Now }, revoked: map[string]revocation{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ocsp", s.serveOCSP)
	mux.HandleFunc("GET /issuing.crl", func(w http.ResponseWriter, r *http.Request) { s.serveCRL(w, r, ca.Issuing, ca.issuerKey) })
	mux.HandleFunc("GET /root.crl", func(w http.ResponseWriter, r *http.Request) { s.serveCRL(w, r, ca.Root, ca.rootKey) })
	s.http = httptest.NewServer(mux)
	t.Cleanup(func() {
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

// OCSP is where the responder is.
func (s *Server) OCSP() string { return s.http.URL + "/ocsp" }

// CRL is where the issuing authority's list is.
func (s *Server) CRL() string { return s.http.URL + "/issuing.crl" }

// RootCRL is where the root's list is.
func (s *Server) RootCRL() string { return s.http.URL + "/root.crl" }

// Answer sets how the responder and the lists answer from now on; the root's list always tells the truth.
func (s *Server) Answer(ocsp, crl Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ocsp, s.crl = ocsp, crl
}

// SetNow sets what time the server thinks it is.
func (s *Server) SetNow(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = func() time.Time { return now }
}

// Revoke revokes a certificate from a time on, for a reason of RFC 5280 §5.3.1.
func (s *Server) Revoke(c *x509.Certificate, at time.Time, reason int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked[c.SerialNumber.String()] = revocation{at, reason, c.SerialNumber}
}

// Extend adds extensions to the answers: to each one of the responder, and to the lists.
func (s *Server) Extend(list ...pkix.Extension) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.extensions = list
}

// Asked returns how often the responder and the issuing authority's list were asked.
func (s *Server) Asked() (ocsp, crl int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked, s.listed
}

// unhelpful gives the answers that hold for anything.
func unhelpful(w http.ResponseWriter, r *http.Request, a Answer) bool {
	switch a {
	case Hang:
		<-r.Context().Done()
	case Garbage:
		_, _ = io.WriteString(w, "<html>Logg inn</html>")
	case Failure:
		http.Error(w, "broken", http.StatusInternalServerError)
	case Large:
		_, _ = w.Write(bytes.Repeat([]byte{0x30}, 2<<20))
	case Moved:
		http.Redirect(w, r, "file:///etc/hostname", http.StatusFound)
	default:
		return false
	}
	return true
}

// times returns this and the next update for an answer.
func times(now time.Time, a Answer) (this, next time.Time) {
	switch a {
	case Stale:
		return now.Add(-48 * time.Hour), now.Add(-time.Hour)
	case Early:
		return now.Add(24 * time.Hour), now.Add(48 * time.Hour)
	case Undated:
		return now, time.Time{}
	}
	return now.Add(-time.Minute), now.Add(24 * time.Hour)
}

func (s *Server) serveOCSP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.asked++
	a, now, extensions := s.ocsp, s.now(), s.extensions
	s.mu.Unlock()
	if unhelpful(w, r, a) {
		return
	}
	req, err := ocsp.ParseRequest(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	known, isRevoked := s.revoked[req.SerialNumber.String()]
	s.mu.Unlock()
	resp := ocsp.Response{Status: ocsp.Good, SerialNumber: req.SerialNumber, IssuerHash: req.HashAlgorithm, ExtraExtensions: extensions}
	resp.ThisUpdate, resp.NextUpdate = times(now, a)
	if isRevoked {
		resp.Status, resp.RevokedAt, resp.RevocationReason = ocsp.Revoked, known.at, known.reason
	}
	issuer, responder, key := s.ca.Issuing, s.ca.Issuing, s.ca.issuerKey
	switch a {
	case DoesNotKnow:
		resp.Status = ocsp.Unknown
	case OtherIssuer:
		key = newKey(s.ca.t)
	case OtherSubject:
		issuer = s.ca.Root
	case Delegated, Undelegated, Lapsed:
		responder, key = s.delegate(a, now)
		resp.Certificate = responder
	}
	der, err := ocsp.CreateResponse(issuer, responder, resp, key)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/ocsp-response")
	_, _ = w.Write(der)
}

// delegate makes somebody to sign for the issuing authority.
func (s *Server) delegate(a Answer, now time.Time) (*x509.Certificate, crypto.Signer) {
	key := newKey(s.ca.t)
	template := &x509.Certificate{
		SerialNumber: newSerial(s.ca.t), Subject: pkix.Name{CommonName: "Oppdiktet OCSP"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}, Value: []byte{5, 0}}},
	}
	switch a {
	case Undelegated:
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	case Lapsed:
		template.NotAfter = now.Add(-time.Minute)
	}
	return sign(s.ca.t, template, s.ca.Issuing, key.Public(), s.ca.issuerKey), key
}

func (s *Server) serveCRL(w http.ResponseWriter, r *http.Request, issuer *x509.Certificate, key crypto.Signer) {
	s.mu.Lock()
	a := s.crl
	if issuer == s.ca.Root {
		a = Truth
	} else {
		s.listed++
	}
	s.mu.Unlock()
	if unhelpful(w, r, a) {
		return
	}
	if a == OtherIssuer {
		key = newKey(s.ca.t)
	}
	_, _ = w.Write(s.list(issuer, key, a))
}

// List returns the issuing authority's list in DER, as the server would give it now.
func (s *Server) List() []byte { return s.list(s.ca.Issuing, s.ca.issuerKey, Truth) }

// RootList returns the root's.
func (s *Server) RootList() []byte { return s.list(s.ca.Root, s.ca.rootKey, Truth) }

func (s *Server) list(issuer *x509.Certificate, key crypto.Signer, a Answer) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	template := &x509.RevocationList{Number: big.NewInt(1), ExtraExtensions: s.extensions}
	template.ThisUpdate, template.NextUpdate = times(s.now(), a)
	for _, known := range s.revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: known.serial, RevocationTime: known.at, ReasonCode: known.reason})
	}
	signer := *issuer
	if a == OtherIssuer {
		// The library will not sign with a key that is not the certificate's.
		signer.PublicKey = key.Public()
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, &signer, key)
	if err != nil {
		panic(err)
	}
	return der
}
