package argocd

import (
	"context"
	"errors"
	"fmt"
	"net"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/rap-analyzer/rapbot"
)

var errNoArgo = errors.New("the cluster knows no ApplicationSets")

// failed tells what came in the way of reading or changing an object. Nil stays
// nil, and an error of ours as it is.
func (a *Argo) failed(err error, object, act string) error {
	var ours *rapbot.Error
	if err == nil || errors.As(err, &ours) {
		return err
	}
	e := &rapbot.Error{
		Code: rapbot.Unavailable, What: fmt.Sprintf("%s in %s could not be %s: %s.", object, a.cfg.Where, act, a.fault(err)),
		Changed: "Nothing was changed.", Now: "See whether the cluster that Argo CD runs in is up, then try again.", Err: errors.New(a.fault(err)),
	}
	if act == "changed" && !answered(err) {
		e.Changed = "Whether it was is not known."
	}
	switch {
	case errors.Is(err, errNoArgo):
		e.Code, e.What = rapbot.Invalid, fmt.Sprintf("Argo CD is not installed in %s: its API server knows no ApplicationSets.", a.cfg.Where)
		e.Now = "Install it there, or correct deploy.argocd."
	case apierrors.IsForbidden(err):
		e.Code, e.Now = rapbot.Invalid, "Give rapbot the right: rbac.argocd of charts/rapbot, in that cluster. `rapbot doctor` lists what it misses."
	case apierrors.IsUnauthorized(err):
		e.Now = "Renew rapbot's credentials for that cluster."
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		e.Code, e.Now = rapbot.Invalid, "Correct what the API server objects to, and try again."
	}
	return e
}

// fault says why an API server gave no answer, or not this one, after a colon.
func (a *Argo) fault(err error) string {
	var status apierrors.APIStatus
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "no answer within " + rapbot.Duration(a.cfg.Timeout)
	case errors.Is(err, context.Canceled):
		return "the answer is no longer waited for"
	case errors.As(err, &dns):
		return "its name is not known"
	case apierrors.IsUnauthorized(err):
		return "it does not accept rapbot's credentials"
	case errors.As(err, &status):
		return bounded(status.Status().Message)
	}
	return bounded(innermost(err))
}

// innermost is what an error began with: what is around it names addresses.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// answered reports that the API server has answered, if only with a refusal.
func answered(err error) bool {
	var status apierrors.APIStatus
	return errors.Is(err, errNoArgo) || errors.As(err, &status) && !apierrors.IsTimeout(err) && !apierrors.IsServerTimeout(err) && !apierrors.IsInternalError(err) && !apierrors.IsServiceUnavailable(err)
}
