package main

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// settings are what the environment says.
type settings struct {
	host, port, database, user string
	password                   func() (string, error)
	sslmode, table             string
	region, zone, version      string
	address                    string
	every                      time.Duration
	acknowledged               string
}

// primaryZone is where rows are written.
const primaryZone = "primary"

func readSettings(env func(string) string) (settings, error) {
	s := settings{
		host: env("DATABASE_HOST"), port: cmp.Or(env("DATABASE_PORT"), "5432"), database: env("DATABASE_NAME"), user: env("DATABASE_USER"),
		sslmode: cmp.Or(env("DATABASE_SSLMODE"), "prefer"), table: cmp.Or(env("DATABASE_TABLE"), "analyses"),
		region: env("REGION"), zone: env("ZONE"), version: env("VERSION"),
		address:      net.JoinHostPort(cmp.Or(env("POD_IP"), "127.0.0.1"), cmp.Or(env("PORT"), "8080")),
		acknowledged: env("ACKNOWLEDGED_FILE"),
	}
	for name, value := range map[string]string{"DATABASE_HOST": s.host, "DATABASE_NAME": s.database, "DATABASE_USER": s.user} {
		if value == "" {
			return s, fmt.Errorf("%s is not set", name)
		}
	}
	var err error
	if s.every, err = time.ParseDuration(cmp.Or(env("REQUEST_EVERY"), "20ms")); err != nil {
		return s, fmt.Errorf("REQUEST_EVERY: %w", err)
	}
	s.password = func() (string, error) { return env("DATABASE_PASSWORD"), nil }
	if file := env("DATABASE_PASSWORD_FILE"); file != "" {
		s.password = func() (string, error) {
			text, err := os.ReadFile(file)
			return strings.TrimSuffix(string(text), "\n"), err
		}
	}
	_, err = s.config()
	return s, err
}

// config is how to connect, with the password as it is now.
func (s settings) config() (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%s dbname=%s user=%s sslmode=%s application_name=rap-analyzer",
		quote(s.host), quote(s.port), quote(s.database), quote(s.user), quote(s.sslmode)))
	if err != nil {
		return nil, err
	}
	config.ConnectTimeout = patience
	config.Password, err = s.password()
	return config, err
}

// quote makes a value of a connection string.
func quote(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
}
