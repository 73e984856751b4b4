package alertmanager

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// TLS names the files with which the webhook is served over TLS. Without a
// client CA, any client may connect.
type TLS struct {
	CertFile, KeyFile string   // PEM: the server's certificate with its chain, and its key
	ClientCAFile      string   // PEM: who signs the certificates of clients; empty asks for none
	ClientNames       []string // of which one is in a client's certificate, as DNS name, URI or common name
}

// Certificates are the loaded files of a TLS. They are read again whenever
// somebody connects or calls, so that a renewed certificate and a withdrawn CA
// count at once; files that cannot be used leave those before in force. A nil
// Certificates serves without TLS.
type Certificates struct {
	files TLS
	log   *zap.Logger

	mu     sync.Mutex
	tried  [][]byte // what the files held when they were last looked at
	config *tls.Config
}

const maxPEM = 1 << 20

// LoadCertificates reads the files. They must be good to begin with.
func LoadCertificates(files TLS, log *zap.Logger) (*Certificates, error) {
	if log == nil {
		log = zap.NewNop()
	}
	if files.ClientCAFile != "" && len(files.ClientNames) == 0 {
		return nil, errors.New("alertmanager webhook: a client CA without the names of the clients that are admitted")
	}
	c := &Certificates{files: files, log: log}
	held, err := c.read()
	if err != nil {
		return nil, fmt.Errorf("alertmanager webhook: %w", err)
	}
	if c.config, err = c.parse(held); err != nil {
		return nil, fmt.Errorf("alertmanager webhook: %w", err)
	}
	c.tried = held
	return c, nil
}

// read returns what the files hold: certificate, key and client CA.
func (c *Certificates) read() ([][]byte, error) {
	var held [][]byte
	for _, name := range []string{c.files.CertFile, c.files.KeyFile, c.files.ClientCAFile} {
		var content []byte
		if name != "" {
			var err error
			if content, err = readPEM(name, name == c.files.KeyFile); err != nil {
				return nil, err
			}
		}
		held = append(held, content)
	}
	return held, nil
}

func readPEM(name string, secret bool) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if secret && info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("%s: everybody on this machine can read this key; chmod 600 it, or in Kubernetes mount it with defaultMode: 0440", name)
	}
	return io.ReadAll(io.LimitReader(f, maxPEM))
}

func (c *Certificates) parse(held [][]byte) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(held[0], held[1])
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", c.files.CertFile, c.files.KeyFile, err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, Certificates: []tls.Certificate{pair}}
	if c.files.ClientCAFile != "" {
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		if !config.ClientCAs.AppendCertsFromPEM(held[2]) {
			return nil, fmt.Errorf("%s: no certificate in it", c.files.ClientCAFile)
		}
	}
	return config, nil
}

// current is what is in force, after a look at the files.
func (c *Certificates) current() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	held, err := c.read()
	if err == nil && slices.EqualFunc(held, c.tried, bytes.Equal) {
		return c.config
	}
	if err != nil && c.tried == nil {
		return c.config // it was said before
	}
	c.tried = held
	var config *tls.Config
	if err == nil {
		config, err = c.parse(held)
	}
	if err != nil {
		c.log.Error("the webhook's certificates cannot be used; those before stay in force", zap.Error(err))
		return c.config
	}
	c.log.Info("the webhook's certificates were read again")
	c.config = config
	return config
}

// server is the TLS side of the webhook's server.
func (c *Certificates) server() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return c.current(), nil
	}}
}

func (c *Certificates) knowsClients() bool { return c != nil && c.files.ClientCAFile != "" }

// refuses tells why a client is not admitted, and "" when it is. Its certificate
// is verified again although the connection stands: the connection may be older
// than what is in force now.
func (c *Certificates) refuses(state *tls.ConnectionState) string {
	if !c.knowsClients() {
		return ""
	}
	if state == nil || len(state.PeerCertificates) == 0 {
		return "A client certificate is needed. Set tls_config in the http_config of the receiver."
	}
	leaf, chain := state.PeerCertificates[0], x509.NewCertPool()
	for _, between := range state.PeerCertificates[1:] {
		chain.AddCert(between)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: c.current().ClientCAs, Intermediates: chain, CurrentTime: time.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return "The client certificate is not, or no longer, good: it has expired or is of another CA."
	}
	names := namesOf(leaf)
	for _, name := range names {
		if slices.ContainsFunc(c.files.ClientNames, func(admitted string) bool { return strings.EqualFold(admitted, name) }) {
			return ""
		}
	}
	return fmt.Sprintf("The client certificate is for %s, who is not among client_names of rapbot.", oneLine(strings.Join(names, ", "), maxLogged))
}

func namesOf(leaf *x509.Certificate) []string {
	names := slices.Clone(leaf.DNSNames)
	for _, u := range leaf.URIs {
		names = append(names, u.String())
	}
	if cn := leaf.Subject.CommonName; cn != "" && !slices.Contains(names, cn) {
		names = append(names, cn)
	}
	return names
}
