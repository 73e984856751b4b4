package postgres

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rap-analyzer/rapbot"
)

// Codes of PostgreSQL's that mean more here than "it did not work".
const (
	codeInvalidPassword  = "28P01"
	codeInvalidLogin     = "28000"
	codeNoDatabase       = "3D000"
	codeNoSchema         = "3F000"
	codeNoTable          = "42P01"
	codeOtherRole        = "55000" // a question for a replica, put to a primary
	codeNotAllowed       = "42501"
	codeTooMany          = "53300"
	codeQueryCancelled   = "57014"
	codeAdminShutdown    = "57P01"
	codeCrashShutdown    = "57P02"
	codeCannotConnectNow = "57P03"
)

// fault says in a few words why there was no answer. It repeats nothing of
// the driver's but PostgreSQL's error code (R10).
func fault(err error, waited time.Duration) string {
	var pg *pgconn.PgError
	var dns *net.DNSError
	var unknownIssuer x509.UnknownAuthorityError
	var otherHost x509.HostnameError
	var badCertificate x509.CertificateInvalidError
	var old tooOld
	switch {
	case err == nil:
		return ""
	case errors.As(err, &pg):
		return serverFault(pg)
	case errors.As(err, &old):
		return old.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &unknownIssuer), errors.As(err, &otherHost), errors.As(err, &badCertificate):
		return "its certificate is not trusted"
	case errors.Is(err, context.Canceled):
		return "no longer waited for"
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded), errors.As(err, &dns) && dns.IsTimeout:
		return "no answer in " + rapbot.Duration(waited)
	case errors.As(err, &dns):
		return "its address is unknown"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to it"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return "connection lost"
	case errors.Is(err, errClosed):
		return "rapbot is stopping"
	}
	return "no connection"
}

func serverFault(pg *pgconn.PgError) string {
	switch pg.Code {
	case codeInvalidPassword:
		return "password refused"
	case codeInvalidLogin:
		return "login refused"
	case codeNoDatabase:
		return "the database does not exist"
	case codeNotAllowed:
		return "not permitted"
	case codeTooMany:
		return "too many connections"
	case codeAdminShutdown, codeCrashShutdown:
		return "it is shutting down"
	case codeCannotConnectNow:
		if strings.Contains(pg.Message, "shutting down") {
			return "it is shutting down"
		}
		return "it is starting up"
	case codeQueryCancelled:
		return "it took too long"
	}
	return "SQL error " + pg.Code
}

// codeOf is PostgreSQL's code of an error, empty when err is no such error.
func codeOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// lost reports whether err is the end of a connection rather than the answer
// of a server that goes on.
func lost(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == codeAdminShutdown || pg.Code == codeCrashShutdown
	}
	return errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// refused reports whether nothing listens there: every address that was tried
// refused the connection, or the name stands for no address any more, which
// is how Kubernetes shows a server that is gone. Silence is not refusal: a
// server that hangs is silent too.
func refused(err error) bool {
	switch e := err.(type) { //nolint:errorlint // the tree is walked by hand: one refusal among several errors is not enough
	case nil:
		return false
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if !refused(inner) {
				return false
			}
		}
		return true
	case *net.DNSError:
		return e.IsNotFound
	case interface{ Unwrap() error }:
		return refused(e.Unwrap())
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// answered reports whether err came from a server: then one runs there,
// whatever it says.
func answered(err error) bool {
	var pg *pgconn.PgError
	return err == nil || errors.As(err, &pg)
}
