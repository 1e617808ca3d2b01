package template

import "github.com/aloft-dev/aloft/controllers/release"

// queue is AWS::SQS::Queue.
type queue struct {
	QueueName              string
	FIFO                   bool  `json:"FifoQueue,omitempty"`
	VisibilityTimeout      int32 `json:",omitempty"`
	MessageRetentionPeriod int32
	RedrivePolicy          *redrive `json:",omitempty"`
	ManagedEncryption      bool     `json:"SqsManagedSseEnabled"`
}

func (queue) resourceType() string { return queueType }

const queueType = "AWS::SQS::Queue"

type redrive struct {
	DeadLetterTarget value `json:"deadLetterTargetArn"`
	MaxReceiveCount  int32 `json:"maxReceiveCount"`
}

// Properties of a queue that limit what a job may take.
const (
	visibilityTimeout = "VisibilityTimeout"
	redrivePolicy     = "RedrivePolicy"
	maxReceiveCount   = "maxReceiveCount"
	queueName         = "QueueName"
)

// How long jobs are kept: a dead letter keeps the age that it had, so its queue keeps it as long as SQS can.
const (
	jobRetentionSeconds        = 4 * 24 * 60 * 60
	deadLetterRetentionSeconds = 14 * 24 * 60 * 60
)

// mapping is AWS::Lambda::EventSourceMapping.
type mapping struct {
	EventSourceArn        value
	FunctionName          value
	BatchSize             int32
	Enabled               bool
	FunctionResponseTypes []string
	ScalingConfig         *scaling `json:",omitempty"`
}

func (mapping) resourceType() string { return mappingType }

const mappingType = "AWS::Lambda::EventSourceMapping"

type scaling struct{ MaximumConcurrency int32 }

// oneJob in an invocation: the worker takes jobs one after another, and the function's timeout is that of one job.
const oneJob = 1

// paused says that a worker rests. Its queues are not read then: a reserve of nothing would throttle each delivery, SQS
// would count them, and jobs would become dead letters that no worker has seen (AWS Lambda Developer Guide,
// services-sqs).
func paused(f release.Function) bool {
	return f.Role == release.RoleQueue && f.ReservedConcurrency != nil && *f.ReservedConcurrency == 0
}

func (a App) addQueue(t *Template, q release.Queue) {
	f, err := a.Desired.Function(q.Function)
	if err != nil {
		return // a queue without a worker has nothing that could belong to a function
	}
	base := functionBase(f.Role, f.Name)
	t.add(deadLetterID(q.Name), queue{
		QueueName: q.DeadLetterName, FIFO: q.FIFO, MessageRetentionPeriod: deadLetterRetentionSeconds,
		ManagedEncryption: true,
	}, disposable, of(f.Name))
	t.add(queueID(q.Name), queue{
		QueueName: q.FullName, FIFO: q.FIFO, VisibilityTimeout: q.VisibilitySeconds,
		MessageRetentionPeriod: jobRetentionSeconds,
		RedrivePolicy: &redrive{DeadLetterTarget: attribute{deadLetterID(q.Name), "Arn"},
			MaxReceiveCount: q.MaxAttempts},
		ManagedEncryption: true,
	}, disposable, of(f.Name))
	m := mapping{
		EventSourceArn: attribute{queueID(q.Name), "Arn"}, FunctionName: aliasARN(base), BatchSize: oneJob,
		Enabled: !paused(f), FunctionResponseTypes: []string{"ReportBatchItemFailures"},
	}
	if q.MaxConcurrency != nil {
		m.ScalingConfig = &scaling{MaximumConcurrency: *q.MaxConcurrency}
	}
	t.add(mappingID(q.Name), m, whenLive(base), of(f.Name))
}
