package kni

import runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

// These are the CRI messages that the core uses. The fields that it uses have the same names in each generation.
type (
	podSandbox              = runtimeapi.PodSandbox
	podSandboxConfig        = runtimeapi.PodSandboxConfig
	podSandboxFilter        = runtimeapi.PodSandboxFilter
	podSandboxMetadata      = runtimeapi.PodSandboxMetadata
	podSandboxNetworkStatus = runtimeapi.PodSandboxNetworkStatus
	podSandboxStatus        = runtimeapi.PodSandboxStatus
	podIP                   = runtimeapi.PodIP
	dnsConfig               = runtimeapi.DNSConfig
	portMapping             = runtimeapi.PortMapping
	runtimeCondition        = runtimeapi.RuntimeCondition
)

const (
	sandboxReady = runtimeapi.PodSandboxState_SANDBOX_READY
	nodeNetwork  = runtimeapi.NamespaceMode_NODE
	networkReady = runtimeapi.NetworkReady
)
