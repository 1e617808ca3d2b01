package v1alpha1

// Annotations of a Stage. Each acts once per value.
const (
	// AnnotationRequestedAt asks to look at AWS now, and to release with the operator's newest template revision.
	AnnotationRequestedAt = "aloft.dev/requestedAt"
	// AnnotationFluxRequestedAt is what `flux reconcile` and generic tools set.
	AnnotationFluxRequestedAt = "reconcile.fluxcd.io/requestedAt"
	// AnnotationRetry begins a new run of the same release after a failure.
	AnnotationRetry = "aloft.dev/retry"
	// AnnotationCommandResolution resolves a CommandOutcomeUnknown: <run>/<command>=succeeded, =retry or =abort.
	AnnotationCommandResolution = "aloft.dev/command-resolution"
)
