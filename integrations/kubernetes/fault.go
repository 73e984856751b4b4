package kubernetes

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/rap-analyzer/rapbot"
)

// fault says why an API server gave no answer, or not this one, without
// secrets. The words follow a colon.
func fault(err error, waited time.Duration) string {
	var dns *net.DNSError
	var status apierrors.APIStatus
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), apierrors.IsTimeout(err), apierrors.IsServerTimeout(err):
		return "no answer within " + rapbot.Duration(waited)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &dns):
		return "its name is not known"
	case untrusted(err):
		return "its certificate is not trusted: " + bounded(innermost(err))
	case apierrors.IsUnauthorized(err):
		return "it does not accept rapbot's credentials"
	case errors.As(err, &status):
		return bounded(status.Status().Message)
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer within " + rapbot.Duration(waited)
	}
	return bounded(innermost(err))
}

func untrusted(err error) bool {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &authority) || errors.As(err, &name) || errors.As(err, &invalid)
}

// gone reports that what was asked about does not exist.
func gone(err error) bool { return apierrors.IsNotFound(err) }

// answered reports that an API server has answered, if only with a refusal, so
// that what it refuses has not happened.
func answered(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && !apierrors.IsTimeout(err) && !apierrors.IsServerTimeout(err) && !apierrors.IsInternalError(err) && !apierrors.IsServiceUnavailable(err)
}

// neverSent reports that a request has not reached anybody.
func neverSent(err error) bool {
	var dns *net.DNSError
	return errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dns) || untrusted(err) || errors.Is(err, errHangs)
}

// failed is what came in the way of changing something in a region's cluster;
// act follows "could not be": "scaled".
func (r *region) failed(object, act string, err error, waited time.Duration) error {
	e := &rapbot.Error{
		Code: rapbot.Unavailable, What: object + " in " + r.Name + " could not be " + act + ": " + fault(err, waited) + ".",
		Changed: "Whether it was is not known.", Now: "Look at it with `" + r.kubectl("get", "deployments,statefulsets,pods") + "`, then try again.", Err: err,
	}
	if answered(err) || neverSent(err) {
		e.Changed = "Nothing was changed."
	}
	switch {
	case gone(err):
		e.Code, e.Now = rapbot.NotFound, "Install it, or correct its name in the configuration."
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		e.Code, e.Now = rapbot.Conflict, "Something else changes it just now; try again."
	case apierrors.IsForbidden(err):
		e.Code, e.Now = rapbot.Invalid, "Give rapbot the right: `rapbot doctor` lists what it misses."
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsMethodNotSupported(err):
		e.Code, e.Now = rapbot.Invalid, "Correct what the API server objects to, and try again."
	}
	return e
}
