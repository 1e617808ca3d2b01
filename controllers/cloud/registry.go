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

// Login is to the registry of an account.
type Login struct {
	// Registry is its host, as AWS says it together with the token: no other may get it.
	Registry       string
	User, Password string
}

// registryToken keeps the registry's password in memory until shortly before it expires.
type registryToken struct {
	mu    sync.Mutex
	login Login
	until time.Time
}

// ForgetRegistryLogin drops the token, because the registry refused it; the next login asks for another.
func (c *Clients) ForgetRegistryLogin() {
	c.registry.mu.Lock()
	defer c.registry.mu.Unlock()
	c.registry.login = Login{}
}

// renewBefore leaves a push time to end before its token does.
const renewBefore = time.Hour

// RegistryLogin gives the login to the account's registry. A token has the power of the principal that asked
// for it and lives for twelve hours (ECR API reference, GetAuthorizationToken), so it is kept with the clients and
// never shared.
func (c *Clients) RegistryLogin(ctx context.Context, now time.Time) (Login, error) {
	c.registry.mu.Lock()
	defer c.registry.mu.Unlock()
	if c.registry.login.Password != "" && now.Before(c.registry.until) {
		return c.registry.login, nil
	}
	answer, err := c.ECR.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return Login{}, fmt.Errorf("logging in to the registry: %w", err)
	}
	if len(answer.AuthorizationData) == 0 {
		return Login{}, errors.New("logging in to the registry: AWS gave no token")
	}
	data := answer.AuthorizationData[0]
	decoded, err := base64.StdEncoding.DecodeString(aws.ToString(data.AuthorizationToken))
	if err != nil {
		return Login{}, fmt.Errorf("reading the registry's token: %w", err)
	}
	user, password, _ := strings.Cut(string(decoded), ":")
	_, host, _ := strings.Cut(aws.ToString(data.ProxyEndpoint), "://")
	c.registry.login = Login{Registry: host, User: user, Password: password}
	c.registry.until = aws.ToTime(data.ExpiresAt).Add(-renewBefore)
	return c.registry.login, nil
}
