# Everything here needs Go and make alone; install and deploy also need kubectl.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -o pipefail -ec

# The image that deploy runs.
IMG ?= ghcr.io/aloft-dev/aloft:v0.1.0
# Set ONCE=1 to have the demo end after its proof.
ONCE ?=
KUBECTL ?= kubectl
CONTAINER_TOOL ?= docker
ARCH ?= amd64

# Flags of the caller's environment, such as -mod=vendor or -tags, would build something else than CI does; and a
# checkout that belongs to another user has no readable version.
export GOFLAGS := -buildvcs=false
export GOWORK := off

CONTROLLER_GEN := go tool -modfile=hack/tools/go.mod controller-gen
GOLANGCI_LINT := go tool -modfile=hack/lint/go.mod golangci-lint
GENERATED := api/v1alpha1/zz_generated.deepcopy.go api/v1alpha1/applyconfiguration config/crd/bases config/rbac/role.yaml config/argocd/patch.yaml

# The packages with rules that also run on AWS; test/localaws/contract says which.
CONTRACT := s3 sqs kms logs ecr lambda cloudformation

.DEFAULT_GOAL := help

##@ General

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN {FS = ":.*##"; printf "Usage:\n  make \033[36m<target>\033[0m\n"} \
	  /^[a-zA-Z_0-9-]+:.*?##/ { printf "  \033[36m%-12s\033[0m %s\n", $$1, $$2 } \
	  /^##@/ { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Release the sample application on this machine, no cluster or account needed; ONCE=1 ends after the proof.
	@echo "compiling the command that compiles all else; the first time on a machine that takes some seconds ..."
	@go run ./cmd/sandbox $(if $(filter-out 0 false no,$(ONCE)),--once)

##@ Development

.PHONY: manifests
manifests: ## Generate the CRDs, the RBAC roles and Argo CD's patch.
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:dir=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=manager paths=./controllers/... paths=./cmd/... output:rbac:dir=config/rbac
	cd config/argocd && go run ./generate

.PHONY: generate
generate: ## Generate deep copies and apply configurations.
	$(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt applyconfiguration:headerFile=hack/boilerplate.go.txt paths=./api/v1alpha1

.PHONY: fmt
fmt: ## Format the code.
	go fmt ./...

.PHONY: vet
vet: ## Run go vet.
	go vet ./...

.PHONY: lint
lint: ## Run the linters, the import rules among them. The first run builds them, which takes minutes.
	@echo "linting (the first run on a machine builds golangci-lint, about 4 minutes on two cores) ..."
	$(GOLANGCI_LINT) run

.PHONY: lint-fix
lint-fix: ## Run the linters and let them repair what they can.
	$(GOLANGCI_LINT) run --fix

# Packages that use goroutines are tested with the race detector, where there is the C compiler that it needs.
RACING := ./cmd/runtime/... ./controllers/cloud ./controllers/image ./controllers/observed ./controllers/phase ./controllers/removal \
  ./controllers/stage

.PHONY: test
test: controlplane ## Run every test, on a real kube-apiserver and etcd, which are built once for the machine.
	export KUBEBUILDER_ASSETS="$$(hack/controlplane/build.sh)"; \
	if command -v cc >/dev/null; then race=-race; else echo "without a C compiler the race detector is left out"; fi; \
	go test $$race -timeout 20m $(RACING); \
	go test -timeout 20m $$(go list ./... | grep -vxF "$$(go list $(RACING))")

.PHONY: mutate
mutate: controlplane ## Take guards away, one at a time (RUN=text for some), and see that a test notices each.
	export KUBEBUILDER_ASSETS="$$(hack/controlplane/build.sh)"; \
	go run ./hack/mutate -run "$(RUN)"

.PHONY: nightly
nightly: mutate ## Run what takes hours: mutations, and the operator killed and held after each single call to AWS.
	export KUBEBUILDER_ASSETS="$$(hack/controlplane/build.sh)"; \
	ALOFT_CRASH_EVERY=1 go test -timeout 6h ./test/e2e -ginkgo.focus "crashes|held"

.PHONY: contract
contract: ## Run the rules of the local AWS on AWS itself (ALOFT_CONTRACT_ACCOUNT_ID=...), or on AWS_ENDPOINT_URL.
	@[ -n "$$AWS_ENDPOINT_URL$$ALOFT_CONTRACT_ACCOUNT_ID" ] || { \
	  echo "the rules would run on AWS itself: set ALOFT_CONTRACT_ACCOUNT_ID to the 12 digits of the account that they may" \
	    "make things in, or AWS_ENDPOINT_URL to a local AWS (go run ./cmd/sandbox aws)" >&2; exit 1; }
	ALOFT_CONTRACT=1 go test -count=1 -timeout 60m $(addprefix ./test/localaws/,$(CONTRACT))

.PHONY: bench
bench: controlplane ## Measure, print the figures with their targets, and write bin/bench.json.
	@mkdir -p bin
	export KUBEBUILDER_ASSETS="$$(hack/controlplane/build.sh)"; \
	go run ./test/bench -o bin/bench.json

.PHONY: presubmit
presubmit: generated fmt vet lint test ## Run everything that a change must pass.

.PHONY: generated
generated: generate manifests ## Check that what is generated is what its sources make.
	@stale=$$(git status --porcelain -- $(GENERATED)); if [ -n "$$stale" ]; then \
	  echo "generated files differ from what is committed: run make generate manifests, and commit them"; \
	  echo "$$stale"; exit 1; fi

.PHONY: controlplane
controlplane: ## Build kube-apiserver and etcd, unless this machine has them.
	@hack/controlplane/build.sh >/dev/null

##@ Build

.PHONY: build
build: ## Build the programs and the function runtimes into bin.
	go build -o bin/ ./cmd/...
	@for arch in amd64 arm64; do \
	  echo "building bin/runtime-linux-$$arch"; \
	  CGO_ENABLED=0 GOOS=linux GOARCH=$$arch go build -trimpath -ldflags "-s -w" -o bin/runtime-linux-$$arch ./cmd/runtime; done

.PHONY: image
image: ## Build the operator's image (IMG=... ARCH=amd64|arm64) by CONTAINER_TOOL=docker, podman or buildah.
	CGO_ENABLED=0 GOOS=linux GOARCH=$(ARCH) go build -trimpath -ldflags "-s -w" -o bin/image/manager ./cmd/manager
	@for arch in amd64 arm64; do \
	  echo "building bin/image/runtime-linux-$$arch"; \
	  CGO_ENABLED=0 GOOS=linux GOARCH=$$arch go build -trimpath -ldflags "-s -w" -o bin/image/runtime-linux-$$arch ./cmd/runtime; done
	$(CONTAINER_TOOL) build --platform linux/$(ARCH) -t $(IMG) -f Dockerfile bin/image

.PHONY: run
run: build ## Run the operator on this machine against the cluster of the current kubeconfig.
	$(KUBECTL) apply --server-side -f config/manager/namespace.yaml
	bin/manager --runtime-dir=bin

##@ Deployment

.PHONY: install
install: ## Install the CRDs into the cluster of the current kubeconfig.
	$(KUBECTL) kustomize config/crd | $(KUBECTL) apply --server-side -f -

.PHONY: uninstall
uninstall: ## Remove the CRDs, and with them every Stage. The operator must still run, to settle what they own on AWS.
	$(KUBECTL) kustomize config/crd | $(KUBECTL) delete --ignore-not-found -f -

.PHONY: deploy
deploy: ## Deploy the operator (IMG=...) into the cluster of the current kubeconfig.
	$(KUBECTL) kustomize config/default | sed 's|image: ghcr.io/aloft-dev/aloft:.*|image: $(IMG)|' | $(KUBECTL) apply --server-side -f -

.PHONY: undeploy
undeploy: ## Remove the operator and the CRDs. Delete the Stages first.
	$(KUBECTL) kustomize config/default | $(KUBECTL) delete --ignore-not-found -f -
