package cloud

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
)

// registryToken keeps the registry's password in memory until shortly before it expires.
type registryToken struct {
	mu       sync.Mutex
	user     string
	password string
	until    time.Time
}

// renewBefore leaves a push time to end before its token does.
const renewBefore = time.Hour

// RegistryLogin gives user and password of the account's registry. A token has the power of the principal
// that asked for it and lives for twelve hours (ECR API reference, GetAuthorizationToken), so it is kept with
// the clients and never shared.
func (c *Clients) RegistryLogin(ctx context.Context, now time.Time) (user, password string, err error) {
	c.registry.mu.Lock()
	defer c.registry.mu.Unlock()
	if c.registry.password != "" && now.Before(c.registry.until) {
		return c.registry.user, c.registry.password, nil
	}
	answer, err := c.ECR.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return "", "", fmt.Errorf("logging in to the registry: %w", err)
	}
	if len(answer.AuthorizationData) == 0 {
		return "", "", errors.New("logging in to the registry: AWS gave no token")
	}
	data := answer.AuthorizationData[0]
	decoded, err := base64.StdEncoding.DecodeString(aws.ToString(data.AuthorizationToken))
	if err != nil {
		return "", "", fmt.Errorf("reading the registry's token: %w", err)
	}
	user, password, _ = strings.Cut(string(decoded), ":")
	c.registry.user, c.registry.password = user, password
	c.registry.until = aws.ToTime(data.ExpiresAt).Add(-renewBefore)
	return user, password, nil
}
