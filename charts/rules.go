package charts

import (
	"embed"
	_ "embed" // the queries
)

// Rules are the alerting rules of Prometheus, files of multi-region/rules, and
// their tests, which end in _test.yaml.
//
//go:embed multi-region/rules/*.yaml
var Rules embed.FS

// ExporterQueries is what postgres_exporter asks, whose metrics the rules are
// about.
//
//go:embed postgresql/files/exporter-queries.yaml
var ExporterQueries string
