package image

import (
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	// maxImageBytes is Lambda's bound on an image, uncompressed (AWS Lambda quotas: 10 GB); compressed layers that are
	// larger already cannot fit.
	maxImageBytes  = 10 << 30
	maxLayers      = 256
	maxConfigBytes = 4 << 20
)

// Supported refuses an image that Lambda would not run on an architecture, with a message that names the remedy. Lambda
// itself accepts some of these when a function is made and fails them later as InvalidImage.
func Supported(image v1.Image, arch string) error {
	manifest, err := image.Manifest()
	if err != nil {
		return refuse(ErrUnsupported, "the manifest is not readable: %s", bounded(err.Error()))
	}
	if err := supportedLayers(manifest); err != nil {
		return err
	}
	if manifest.Config.Size < 0 || manifest.Config.Size > maxConfigBytes {
		return overLimit(ErrUnsupported, "the image's configuration is larger than %d MiB", maxConfigBytes>>20)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	if config.OS != "linux" || config.Architecture != arch {
		return refuse(ErrUnsupported, "the image is for %s/%s; build with --platform linux/%s", bounded(config.OS),
			bounded(config.Architecture), arch)
	}
	if len(config.RootFS.DiffIDs) != len(manifest.Layers) {
		return refuse(ErrUnsupported, "the configuration lists %d layers and the manifest %d; build the image again",
			len(config.RootFS.DiffIDs), len(manifest.Layers))
	}
	return nil
}

// Bytes is the size of an image's layers together, as they are compressed.
func Bytes(image v1.Image) (total int64, err error) {
	manifest, err := image.Manifest()
	if err != nil {
		return 0, fmt.Errorf("reading the manifest: %w", err)
	}
	for _, layer := range manifest.Layers {
		total += layer.Size
	}
	return total, nil
}

func supportedLayers(manifest *v1.Manifest) error {
	switch manifest.Config.MediaType {
	case types.DockerConfigJSON, types.OCIConfigJSON:
	default:
		return refuse(ErrUnsupported, "its configuration is %q, so it is an artifact and not an image",
			bounded(string(manifest.Config.MediaType)))
	}
	if len(manifest.Layers) == 0 || len(manifest.Layers) > maxLayers {
		return overLimit(ErrUnsupported, "the image has %d layers; 1 to %d are possible", len(manifest.Layers), maxLayers)
	}
	var total int64
	for i, layer := range manifest.Layers {
		if err := supportedLayer(i, layer); err != nil {
			return err
		}
		if total += layer.Size; layer.Size < 0 || total > maxImageBytes {
			return overLimit(ErrUnsupported, "the layers are larger than Lambda's %d GiB", maxImageBytes>>30)
		}
	}
	return nil
}

func supportedLayer(i int, layer v1.Descriptor) error {
	switch layer.MediaType {
	case types.DockerLayer, types.OCILayer:
	case types.OCILayerZStd:
		return refuse(ErrUnsupported,
			"layer %d is compressed with zstd, which Lambda cannot read; build with gzip (buildx: --output type=image,"+
				"compression=gzip,force-compression=true)", i+1)
	case types.OCIUncompressedLayer, types.DockerUncompressedLayer:
		return refuse(ErrUnsupported, "layer %d is not compressed, which Lambda cannot read; build with gzip", i+1)
	default:
		return refuse(ErrUnsupported, "layer %d is %q; Lambda reads tar layers compressed with gzip", i+1,
			bounded(string(layer.MediaType)))
	}
	if len(layer.URLs) > 0 {
		return refuse(ErrUnsupported, "layer %d is to be fetched from elsewhere than the registry; push it to the registry",
			i+1)
	}
	return nil
}
