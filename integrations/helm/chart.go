package helm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	chart "helm.sh/helm/v4/pkg/chart/v2"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"

	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

// Source is a file or a folder, read anew each time.
type Source struct {
	FS   fs.FS // the disk when nil
	Path string
}

// chart loads the chart. Helm writes into what it is given, so that no two
// calls may share one.
func (s *site) loadChart() (*chart.Chart, error) {
	if s.Chart.FS == nil {
		return loader.Load(s.Chart.Path)
	}
	root := path.Clean(s.Chart.Path)
	tree, err := fs.Sub(s.Chart.FS, root)
	if err != nil {
		return nil, err
	}
	files, err := readChart(tree)
	if err != nil {
		return nil, err
	}
	return loader.LoadFiles(files)
}

// readChart reads the files of a chart as Helm reads a folder's.
func readChart(tree fs.FS) ([]*archive.BufferedFile, error) {
	rules := ignore.Empty()
	if f, err := tree.Open(ignore.HelmIgnore); err == nil {
		rules, err = ignore.Parse(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
	}
	rules.AddDefaults()
	var files []*archive.BufferedFile
	left := archive.MaxDecompressedChartSize
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		info, err := d.Info()
		switch {
		case err != nil:
			return err
		case d.IsDir() && rules.Ignore(name, info):
			return fs.SkipDir
		case d.IsDir() || rules.Ignore(name, info):
			return nil
		case info.Size() > left:
			return fmt.Errorf("the chart is larger than %d bytes", archive.MaxDecompressedChartSize)
		}
		data, err := fs.ReadFile(tree, name)
		left -= int64(len(data))
		files = append(files, &archive.BufferedFile{Name: name, ModTime: info.ModTime(), Data: data})
		return err
	})
	return files, err
}

// configured are the values of Base and of the files, the later over the
// earlier.
func (s *site) configured() (map[string]any, error) {
	all, err := manifest.Copy(s.Base)
	if err != nil {
		return nil, fmt.Errorf("base values: %w", err)
	}
	all = integers(all).(map[string]any)
	for _, source := range s.Values {
		text, err := source.read()
		if err != nil {
			return nil, err
		}
		values, err := common.ReadValues(text)
		if err != nil {
			return nil, fmt.Errorf("%s is not the YAML of values", source.Path) // the parser's words may repeat a secret
		}
		all = loader.MergeMaps(all, values)
	}
	return all, nil
}

func (s Source) read() ([]byte, error) {
	if s.FS == nil {
		return os.ReadFile(s.Path)
	}
	return fs.ReadFile(s.FS, path.Clean(s.Path))
}
