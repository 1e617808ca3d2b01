package function

// Variables of a worker's process beside the job on its standard input. The event that brings the job is AWS's own.
const (
	VariableMessageID    = "ALOFT_MESSAGE_ID"
	VariableQueue        = "ALOFT_QUEUE"
	VariableReceiveCount = "ALOFT_RECEIVE_COUNT"
	// VariableAttribute begins the name of a message attribute's variable.
	VariableAttribute = "ALOFT_ATTRIBUTE_"
)

// Headers of a job that is posted to the application; they say what the variables of a process say.
const (
	HeaderMessageID    = "X-Aloft-Message-Id"
	HeaderQueue        = "X-Aloft-Queue"
	HeaderReceiveCount = "X-Aloft-Receive-Count"
	HeaderAttribute    = "X-Aloft-Attribute-"
)
