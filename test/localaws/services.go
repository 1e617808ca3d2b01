package localaws

import (
	"github.com/aloft-dev/aloft/test/localaws/s3"
	"github.com/aloft-dev/aloft/test/localaws/sts"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// plugs are the services in the order in which they start; one line plugs a service in.
var plugs = []func(*wire.Env) (*wire.Service, error){
	sts.New,
	s3.New,
}
