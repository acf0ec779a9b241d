package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	assertionLife = time.Minute
	minRSA        = 2048 // bits
)

func algorithm(key crypto.Signer) (jose.SignatureAlgorithm, error) {
	switch pub := key.Public().(type) {
	case *rsa.PublicKey:
		if pub.N.BitLen() >= minRSA {
			return jose.RS256, nil
		}
	case *ecdsa.PublicKey:
		if pub.Curve == elliptic.P256() {
			return jose.ES256, nil
		}
	}
	return "", ErrKey
}

// assertion proves to the provider who this service is (RFC 7523 §2.2), for the
// issuer alone and once.
func (c *Client) assertion() (string, error) {
	alg, err := algorithm(c.config.Key)
	if err != nil {
		return "", err
	}
	id := c.config.KeyID
	if id == "" {
		sum, err := (&jose.JSONWebKey{Key: c.config.Key.Public()}).Thumbprint(crypto.SHA256)
		if err != nil {
			return "", fmt.Errorf("name client key: %w", err)
		}
		id = base64.RawURLEncoding.EncodeToString(sum)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: c.config.Key, KeyID: id}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("sign with client key: %w", err)
	}
	now := c.config.Now()
	out, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: c.config.ClientID, Subject: c.config.ClientID, Audience: jwt.Audience{c.config.Issuer}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(assertionLife)),
	}).Serialize()
	if err != nil {
		return "", fmt.Errorf("sign with client key: %w", err)
	}
	return out, nil
}
