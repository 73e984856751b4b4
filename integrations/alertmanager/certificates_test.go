package alertmanager

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// authority signs certificates for a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t}
	der, key := a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a.cert, a.key = cert, key
	return a
}

func (a *authority) sign(template *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(time.Hour)
	}
	template.NotBefore = time.Now().Add(-2 * time.Hour)
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		a.t.Fatal(err)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return der, key
}

func (a *authority) issue(template *x509.Certificate) (certPEM, keyPEM []byte) {
	a.t.Helper()
	der, key := a.sign(template)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// client is a caller with a certificate for a name.
func (a *authority) client(server *authority, template *x509.Certificate) *http.Client {
	a.t.Helper()
	c := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "rapbot.example"}
	c.RootCAs.AddCert(server.cert)
	if template != nil {
		if template.ExtKeyUsage == nil {
			template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}
		pair, err := tls.X509KeyPair(a.issue(template))
		if err != nil {
			a.t.Fatal(err)
		}
		// It is shown whoever is asked for.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	transport := &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true}
	a.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// tlsDesk is a webhook that is served over TLS from files that a test changes.
type tlsDesk struct {
	t     *testing.T
	files TLS
	url   string
	logs  *observer.ObservedLogs
}

func (d *tlsDesk) write(name string, content []byte) {
	d.t.Helper()
	next := name + ".next"
	if err := os.WriteFile(next, content, 0o600); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(next, name); err != nil {
		d.t.Fatal(err)
	}
}

func (d *tlsDesk) serverCertificate(a *authority) {
	d.t.Helper()
	cert, key := a.issue(&x509.Certificate{DNSNames: []string{"rapbot.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	d.write(d.files.CertFile, cert)
	d.write(d.files.KeyFile, key)
}

func newTLSDesk(t *testing.T, server, clients *authority, tokens ...string) *tlsDesk {
	t.Helper()
	return newTLSDeskWith(t, server, clients, Options{Inbox: inboxFunc(keep), Tokens: tokens})
}

func newTLSDeskWith(t *testing.T, server, clients *authority, o Options) *tlsDesk {
	t.Helper()
	dir := t.TempDir()
	d := &tlsDesk{t: t, files: TLS{CertFile: filepath.Join(dir, "tls.crt"), KeyFile: filepath.Join(dir, "tls.key")}}
	d.serverCertificate(server)
	if clients != nil {
		d.files.ClientCAFile, d.files.ClientNames = filepath.Join(dir, "ca.crt"), []string{"alertmanager.example", "spiffe://example/alertmanager"}
		d.write(d.files.ClientCAFile, clients.pem())
	}
	core, logs := observer.New(zap.DebugLevel)
	d.logs = logs
	certificates, err := LoadCertificates(d.files, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	o.Certificates, o.Log = certificates, zap.New(core)
	h, err := NewHandler(o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Server("", h, certificates)
	go func() { _ = s.ServeTLS(l, "", "") }()
	t.Cleanup(func() { _ = s.Close() })
	d.url = "https://" + l.Addr().String() + Path
	return d
}

// post is the answer's status, or 0 when there is no connection, and its text.
func (d *tlsDesk) post(c *http.Client, token string) (int, string) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.url, strings.NewReader(recorded))
	if err != nil {
		d.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := c.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	words, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer.StatusCode, string(words)
}

func named(cn string, dns ...string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: cn}, DNSNames: dns}
}

func TestClientCertificates(t *testing.T) {
	server, ours, theirs := newAuthority(t, "server CA"), newAuthority(t, "client CA"), newAuthority(t, "another CA")
	d := newTLSDesk(t, server, ours)
	expired := named("alertmanager.example")
	expired.NotAfter = time.Now().Add(-time.Minute)
	forServers := named("alertmanager.example")
	forServers.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for name, c := range map[string]struct {
		client *http.Client
		status int
		text   string
	}{
		"by common name":     {ours.client(server, named("alertmanager.example")), 200, ""},
		"by DNS name":        {ours.client(server, named("x", "other.example", "Alertmanager.example")), 200, ""},
		"of another name":    {ours.client(server, named("mallory.example")), 401, "mallory.example, who is not among client_names"},
		"of no name":         {ours.client(server, named("")), 401, "not among client_names"},
		"of a longer name":   {ours.client(server, named("alertmanager.example.evil")), 401, "not among"},
		"of another CA":      {theirs.client(server, named("alertmanager.example")), 0, ""},
		"expired":            {ours.client(server, expired), 0, ""},
		"meant for a server": {ours.client(server, forServers), 0, ""},
		"without any":        {ours.client(server, nil), 0, ""},
	} {
		if status, text := d.post(c.client, ""); status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %s, want %d", name, status, text, c.status)
		}
	}
}

// TestClientCertificateAndToken: whoever has configured both wants both.
func TestClientCertificateAndToken(t *testing.T) {
	ca := newAuthority(t, "CA")
	d := newTLSDesk(t, ca, ca, goodToken)
	good := ca.client(ca, named("alertmanager.example"))
	for _, c := range []struct {
		client *http.Client
		token  string
		status int
	}{{good, goodToken, 200}, {good, "", 401}, {good, otherToken, 401}, {ca.client(ca, named("mallory")), goodToken, 401}, {ca.client(ca, nil), goodToken, 0}} {
		if status, text := d.post(c.client, c.token); status != c.status {
			t.Errorf("%d %s, want %d", status, text, c.status)
		}
	}
}

// TestServerCertificateAlone asks no client for a certificate.
func TestServerCertificateAlone(t *testing.T) {
	ca := newAuthority(t, "CA")
	d := newTLSDesk(t, ca, nil, goodToken)
	if status, text := d.post(ca.client(ca, nil), goodToken); status != 200 {
		t.Errorf("%d %s", status, text)
	}
	if status, _ := d.post(ca.client(ca, nil), ""); status != 401 {
		t.Errorf("answered %d", status)
	}
}

// TestClientCAIsReplaced: who was admitted is not any more, on a connection that
// stands as on a new one, and who is new is, without a restart.
func TestClientCAIsReplaced(t *testing.T) {
	server, before, after := newAuthority(t, "server CA"), newAuthority(t, "client CA"), newAuthority(t, "next client CA")
	d := newTLSDesk(t, server, before)
	old, fresh := before.client(server, named("alertmanager.example")), after.client(server, named("alertmanager.example"))
	want := func(what string, c *http.Client, status int) {
		t.Helper()
		if have, text := d.post(c, ""); have != status {
			t.Errorf("%s: %d %s, want %d", what, have, text, status)
		}
	}
	want("the old one", old, 200)
	want("the new one, too early", fresh, 0)
	d.write(d.files.ClientCAFile, append(before.pem(), after.pem()...))
	want("the old one while both count", old, 200)
	want("the new one while both count", fresh, 200)
	d.write(d.files.ClientCAFile, after.pem())
	want("the old one on its connection", old, 401)
	old.CloseIdleConnections()
	want("the old one on a new connection", old, 0)
	want("the new one", fresh, 200)
}

// TestServerCertificateIsReplaced, and what cannot be used leaves the one before
// in force, is said once, and shows no key (R10).
func TestServerCertificateIsReplaced(t *testing.T) {
	before, after := newAuthority(t, "CA"), newAuthority(t, "next CA")
	d := newTLSDesk(t, before, before)
	old, fresh := before.client(before, named("alertmanager.example")), before.client(after, named("alertmanager.example"))
	want := func(what string, c *http.Client, status int) {
		t.Helper()
		c.CloseIdleConnections()
		if have, text := d.post(c, ""); have != status {
			t.Errorf("%s: %d %s, want %d", what, have, text, status)
		}
	}
	want("before", old, 200)
	key, err := os.ReadFile(d.files.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(){
		"half of a key":  func() { d.write(d.files.KeyFile, key[:len(key)/2]) },
		"no key":         func() { _ = os.Remove(d.files.KeyFile) },
		"no certificate": func() { d.write(d.files.CertFile, []byte("none")) },
		"no client CA":   func() { d.write(d.files.ClientCAFile, []byte("none")) },
	} {
		complaints := d.logs.FilterLevelExact(zap.ErrorLevel).Len()
		spoil()
		want(what, old, 200)
		want(what, old, 200)
		if n := d.logs.FilterLevelExact(zap.ErrorLevel).Len() - complaints; n != 1 {
			t.Errorf("%s is said %d times", what, n)
		}
		d.serverCertificate(before)
		d.write(d.files.ClientCAFile, before.pem())
		want("mended", old, 200)
	}
	d.serverCertificate(after)
	want("after", fresh, 200)
	want("with the old CA, after", old, 0)
	for _, e := range d.logs.All() {
		if said := fmt.Sprint(e.Message, e.ContextMap()); strings.Contains(said, "PRIVATE KEY") || bytes.Contains(key, []byte(said)) {
			t.Errorf("a key in %s", said)
		}
	}
}

func TestCertificatesAreNotLoaded(t *testing.T) {
	ca := newAuthority(t, "CA")
	d := newTLSDesk(t, ca, ca)
	for name, c := range map[string]struct {
		change func(*TLS)
		want   string
	}{
		"no such file":    {func(f *TLS) { f.CertFile += ".absent" }, "no such file"},
		"no client names": {func(f *TLS) { f.ClientNames = nil }, "names of the clients"},
		"no CA in it":     {func(f *TLS) { f.ClientCAFile = f.KeyFile }, "no certificate in it"},
		"of another key":  {func(f *TLS) { f.KeyFile += ".other"; _, key := ca.issue(named("x")); d.write(f.KeyFile, key) }, "does not match"},
		"key for everybody": {func(f *TLS) {
			if err := os.Chmod(f.KeyFile, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "chmod 600"},
	} {
		files := d.files
		c.change(&files)
		_, err := LoadCertificates(files, nil)
		if err := os.Chmod(d.files.KeyFile, 0o600); err != nil {
			t.Fatal(err)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
