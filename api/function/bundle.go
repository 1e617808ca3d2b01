package function

// Bundle is the environment and the secrets of a stage.
type Bundle struct {
	Environment map[string]string `json:"environment"`
	Secrets     map[string]string `json:"secrets"`
}

// Envelope is the form of a bundle in the bucket: AES-256-GCM, with the name of the stage as additional data. Its byte
// fields are base64 in JSON.
type Envelope struct {
	Version int `json:"version"`
	// Key is the data key as the stage's KMS key wrapped it, the CiphertextBlob of KMS.
	Key   []byte `json:"key"`
	Nonce []byte `json:"nonce"`
	Data  []byte `json:"data"`
}

// EnvelopeVersion is the only version of envelope that there is.
const EnvelopeVersion = 1

// StageContext is the name in KMS's encryption context whose value is the stage, <namespace>/<name>. It binds the data
// key to the stage: the bundle of one stage cannot be passed off as another's.
const StageContext = "aloft.dev/stage"
