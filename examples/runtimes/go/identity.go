package main

import (
	"crypto/sha256"
	"fmt"
	"path"
	"regexp"
	"strings"

	"google.golang.org/grpc/codes"

	"example.com/kni-runtime/kni"
)

// identity has the fields of a request that identify its pod. Callers send different fields; the others are empty.
type identity struct {
	namespace, name, uid, attempt, sandbox, netns string
	// Only of a pod on record.
	key string
}

func identityOf(request any) identity {
	var id identity
	var extradata map[string]string
	if named, ok := request.(interface {
		GetName() string
		GetNamespace() string
	}); ok {
		id.namespace, id.name = named.GetNamespace(), named.GetName()
	}
	if with, ok := request.(interface{ GetExtradata() map[string]string }); ok {
		extradata = with.GetExtradata()
	}
	if with, ok := request.(interface{ GetId() string }); ok {
		id.sandbox = with.GetId()
	}
	id.uid, id.attempt = extradata["uid"], extradata["attempt"]
	switch request := request.(type) {
	case *kni.CreateNetworkRequest:
		if request.Uid != "" {
			id.uid = request.Uid
		}
	case *kni.DeleteNetworkRequest:
		id.netns = request.NetnsPath
	case interface{ GetIsolation() *kni.Isolation }:
		id.netns = request.GetIsolation().GetPath()
	}
	if id.netns == "" {
		id.netns = extradata["netns"] // the first KNI kubelets
	}
	return id
}

func (id identity) fullName() string {
	if id.name == "" {
		return ""
	}
	return id.namespace + "/" + id.name
}

// podKey begins the names of the netns and the record. Without a uid it is a hash of both names, because a/b-c and a-b/c must differ.
func (id identity) podKey() string {
	if id.uid != "" {
		return id.uid
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(id.fullName())))[:32]
}

// Kubernetes: RFC 1123 label and subdomain. Uids and ids become parts of file names.
var patterns = map[string]*regexp.Regexp{
	"namespace": regexp.MustCompile(`^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$`),
	"name":      regexp.MustCompile(`^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$`),
	"uid":       regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$`),
	"attempt":   regexp.MustCompile(`^[0-9]{1,10}$`),
	"id":        regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$`),
}

// validate allows empty parts. Its messages do not repeat a value, which may have any content and length.
func (id identity) validate() error {
	for _, part := range []struct{ name, value string }{
		{"namespace", id.namespace}, {"name", id.name}, {"uid", id.uid}, {"attempt", id.attempt}, {"id", id.sandbox},
	} {
		if part.value != "" && !patterns[part.name].MatchString(part.value) {
			return failed(codes.InvalidArgument, "invalid "+part.name)
		}
	}
	if p := id.netns; p != "" && (!path.IsAbs(p) || path.Clean(p) != p || p == "/" || len(p) > 4096 || strings.ContainsRune(p, 0)) {
		return failed(codes.InvalidArgument, "invalid netns path")
	}
	return nil
}
