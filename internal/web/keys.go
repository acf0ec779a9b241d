package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"felleskrav/internal/access"
	"felleskrav/internal/locale"
	"felleskrav/internal/organisation"
	"felleskrav/internal/problem"
	"felleskrav/internal/supplier"
)

type keysPage struct {
	Base
	Supplier      supplier.Supplier
	Own           bool
	Now           time.Time
	PEM, KeyLabel Field
	// Replaces has no options when there is nothing to replace.
	Replaces       Field
	Reasons        []Option
	ChallengeWaits bool
	// Waiting is the id of the key that the challenge is for.
	Waiting string
}

func (w *Web) keys(c *gin.Context) error { return w.showKeys(c, nil) }

func (w *Web) showKeys(c *gin.Context, failed error) error {
	ctx, actor, t := c.Request.Context(), w.actor(c), w.texts(c)
	n, err := number(c)
	if err != nil {
		return err
	}
	s, err := w.Suppliers.Get(ctx, actor, n)
	if err != nil {
		return err
	}
	p := keysPage{Base: w.base(c, keysPart(actor, s)), Supplier: s, Now: w.Now()}
	p.Own = access.Check(actor, access.WriteKey, string(n)) == nil
	code := codeOf(failed)
	p.Form = newForm(t, failed)
	p.PEM = p.Form.field(Field{Name: "publicKey", Label: "page.keys.pem", Hint: "page.keys.pem-hint", Value: c.PostForm("publicKey"), Rows: 6, Required: true})
	p.KeyLabel = p.Form.field(Field{Name: "label", Label: "page.keys.label", Hint: "page.keys.label-hint", Value: c.PostForm("label"), Size: "m"})
	p.Replaces = p.Form.field(replaces(t, s, c.PostForm("replaces")))
	for _, r := range []supplier.Reason{supplier.Replaced, supplier.Retired, supplier.Compromised} {
		p.Reasons = append(p.Reasons, Option{Value: string(r), Text: t.T(termKey("revocation", r))})
	}
	var ch supplier.Challenge
	ch, p.ChallengeWaits = w.challenge(c, n)
	p.Waiting = ch.KeyID
	if p.Own {
		scripted(c)
	}
	return w.show(c, code, "keys", p)
}

// keysPart is the part of the site that the keys belong to: a body's own sign
// its reviews.
func keysPart(a access.Actor, s supplier.Supplier) string {
	if s.Body && a.Org == string(s.Number) {
		return "reviews"
	}
	return section(a, s.Number)
}

// replaces is the choice of a key that the new one takes the place of: each
// that is not revoked, since also one that has expired may be ended.
func replaces(t *locale.Texts, s supplier.Supplier, chosen string) Field {
	f := Field{Name: "replaces", Label: "page.keys.replaces", Hint: "page.keys.replaces-hint", Size: "m"}
	for _, k := range s.Keys {
		if k.Revoked != nil {
			continue
		}
		name := short(k.ID)
		if k.Label != "" {
			name = k.Label + " (" + name + ")"
		}
		f.Options = append(f.Options, Option{Value: k.ID, Text: name, Selected: k.ID == chosen})
	}
	if f.Options != nil {
		f.Options = append([]Option{{Text: t.T("page.keys.replaces-none")}}, f.Options...)
	}
	return f
}

func (w *Web) keyBegin(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := parseForm(c); err != nil {
		return err
	}
	ctx := c.Request.Context()
	ch, err := w.Suppliers.BeginEnrolment(ctx, w.actor(c), n, supplier.Enrolment{PEM: text(c.PostForm("publicKey")) + "\n", Label: line(c.PostForm("label")), Replaces: c.PostForm("replaces")})
	if err != nil {
		if mendable(err) {
			return w.showKeys(c, err)
		}
		return err
	}
	b, err := json.Marshal(ch)
	if err != nil {
		return err
	}
	w.Sessions.Keep(ctx, challengeName, b)
	return w.away(c, "/suppliers/"+string(n)+"/keys/challenge")
}

const challengeName = "challenge"

// challenge gives the challenge this browser has under way for the supplier.
func (w *Web) challenge(c *gin.Context, n organisation.Number) (supplier.Challenge, bool) {
	var ch supplier.Challenge
	b := w.Sessions.Kept(c.Request.Context(), challengeName)
	if b == nil || json.Unmarshal(b, &ch) != nil || ch.Supplier != n || !w.Now().Before(ch.ExpiresAt) {
		return supplier.Challenge{}, false
	}
	return ch, true
}

type keyChallengePage struct {
	Base
	Supplier  supplier.Supplier
	Number    organisation.Number
	Challenge supplier.Challenge
	Text      string
	// Encoded is the exact challenge in base64.
	Encoded   string
	Signature Field
	Commands  string
}

// proveCommands are for the reader's own machine; the comment lines are the
// names of algorithms and programs, and so not translated.
const proveCommands = `# P-256, RSA
openssl dgst -sha256 -sign felleskrav.key challenge.txt | base64

# Ed25519
openssl pkeyutl -sign -inkey felleskrav.key -rawin -in challenge.txt | base64`

func (w *Web) keyChallenge(c *gin.Context) error { return w.showChallenge(c, nil) }

func (w *Web) showChallenge(c *gin.Context, failed error) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := access.Check(w.actor(c), access.WriteKey, string(n)); err != nil {
		return err
	}
	ch, ok := w.challenge(c, n)
	if !ok {
		return w.away(c, "/suppliers/"+string(n)+"/keys")
	}
	s, err := w.Suppliers.Get(c.Request.Context(), w.actor(c), n)
	if err != nil {
		return err
	}
	p := keyChallengePage{Base: w.base(c, keysPart(w.actor(c), s)), Supplier: s, Number: n, Challenge: ch, Text: string(ch.Bytes), Encoded: base64.StdEncoding.EncodeToString(ch.Bytes)}
	code := codeOf(failed)
	p.Commands = proveCommands
	p.Form = newForm(w.texts(c), failed)
	p.Signature = p.Form.field(Field{Name: "signature", Label: "page.key-challenge.signature", Hint: "page.key-challenge.signature-hint", Value: c.PostForm("signature"), Rows: 4, Required: true})
	scripted(c)
	return w.show(c, code, "key-challenge", p)
}

func (w *Web) keyChallengeFile(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := access.Check(w.actor(c), access.WriteKey, string(n)); err != nil {
		return err
	}
	ch, ok := w.challenge(c, n)
	if !ok {
		return problem.New(problem.NotFound, "key.challenge-gone", nil)
	}
	attach(c, "challenge.txt", "text/plain; charset=utf-8")
	c.Status(http.StatusOK)
	_, err = c.Writer.Write(ch.Bytes)
	return err
}

func (w *Web) keyComplete(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := access.Check(w.actor(c), access.WriteKey, string(n)); err != nil {
		return err
	}
	if err := parseForm(c); err != nil {
		return err
	}
	ctx := c.Request.Context()
	ch, ok := w.challenge(c, n)
	if !ok {
		return w.showKeys(c, problem.New(problem.Refused, "key.challenge-gone", nil))
	}
	signature, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.PostForm("signature")), ""))
	if err != nil || len(signature) == 0 {
		return w.showChallenge(c, &problem.Error{Kind: problem.Invalid, Key: "invalid.fields", Args: problem.Args{"Count": 1},
			Fields: []problem.Field{{Path: "signature", Key: "page.key-challenge.not-base64"}}})
	}
	_, err = w.Suppliers.CompleteEnrolment(ctx, w.actor(c), n, ch.ID, signature)
	w.Sessions.Drop(ctx, challengeName) // a challenge can be tried once
	if err != nil {
		if mendable(err) {
			return w.showKeys(c, err)
		}
		return err
	}
	return w.done(c, "page.keys.enrolled", "/suppliers/"+string(n)+"/keys")
}

func (w *Web) keyRevoke(c *gin.Context) error {
	n, err := number(c)
	if err != nil {
		return err
	}
	if err := parseForm(c); err != nil {
		return err
	}
	_, err = w.Suppliers.RevokeKey(c.Request.Context(), w.actor(c), n, c.PostForm("key"), supplier.Reason(c.PostForm("reason")), line(c.PostForm("note")))
	if err != nil {
		if mendable(err) {
			return w.showKeys(c, err)
		}
		return err
	}
	return w.done(c, "page.keys.revoked", "/suppliers/"+string(n)+"/keys")
}
