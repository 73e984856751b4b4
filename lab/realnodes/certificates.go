package realnodes

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"time"
)

// certificates makes one authority, and a server's certificate from it for each name or address. All of it is PEM and good for a day.
func certificates(names ...string) (ca string, servers map[string]map[string]string, err error) {
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", nil, err
	}
	root := &x509.Certificate{
		Subject: pkix.Name{CommonName: "the lab"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	ca, err = sign(root, root, &authority.PublicKey, authority)
	if err != nil {
		return "", nil, err
	}
	servers = map[string]map[string]string{}
	for _, name := range names {
		key, errKey := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if errKey != nil {
			return "", nil, errKey
		}
		leaf := &x509.Certificate{
			Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		if ip := net.ParseIP(name); ip != nil {
			leaf.DNSNames, leaf.IPAddresses = nil, []net.IP{ip}
		}
		certificate, errSign := sign(leaf, root, &key.PublicKey, authority)
		der, errDER := x509.MarshalECPrivateKey(key)
		if err := errors.Join(errSign, errDER); err != nil {
			return "", nil, err
		}
		text := string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
		servers[name] = map[string]string{"tls.crt": certificate, "tls.key": text, "ca.crt": ca}
	}
	return ca, servers, nil
}

func sign(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) (string, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", err
	}
	template.SerialNumber = serial
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), err
}
