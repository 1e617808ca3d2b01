package observed

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Assets reads the index of a build's assets, and tells which of them are missing. An index without a source says that
// there is none; one without a digest was written by nobody of ours, and is none.
func Assets(
	ctx context.Context, clients *cloud.Clients, bucket, buildID string,
) (index release.AssetIndex, missing []string, err error) {
	_, found, err := clients.ReadJSON(ctx, bucket, release.MarkerKey(buildID), release.MaxAssetIndex, &index)
	if err != nil || !found || index.Digest == "" {
		return release.AssetIndex{}, nil, err
	}
	listed, prefix := map[string]bool{}, release.AssetsPrefix(buildID)
	for object, err := range clients.Objects(ctx, bucket, prefix) {
		if err != nil {
			return release.AssetIndex{}, nil, err
		}
		listed[strings.TrimPrefix(aws.ToString(object.Key), prefix)] = true
	}
	return index, index.Missing(listed), nil
}
