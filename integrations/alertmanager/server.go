package alertmanager

import (
	"net/http"
	"time"

	"go.uber.org/zap"
)

// Server serves the webhook with bounds on everything a caller can draw out.
// An answer may take as long as waiting for a place,
// reading the body and storing the delivery. Over
// TLS it is served when there are certificates: then TLSConfig is set.
func Server(addr string, handler http.Handler, certificates *Certificates) *http.Server {
	const readTimeout = 15 * time.Second
	s := &http.Server{
		Addr:              addr,
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       readTimeout,
		WriteTimeout:      readTimeout + maxWait + storeTimeout + 5*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	if certificates != nil {
		s.TLSConfig, s.ErrorLog = certificates.server(), zap.NewStdLog(certificates.log)
	}
	return s
}
