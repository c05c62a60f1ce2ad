package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"gopkg.in/yaml.v3"
)

// listNodes asks the API server for the nodes of the cluster. It reads the kubeconfig each time, because the kubelet rotates its
// certificate. The second result is a problem for QueryNodeNetworks; equal causes have equal texts.
func listNodes(kubeconfig string) ([]nodeFacts, map[string]string) {
	server, client, err := clientOf(kubeconfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, problemOf("KubeconfigMissing", kubeconfig+" does not exist yet")
	} else if err != nil {
		return nil, problemOf("KubeconfigInvalid", kubeconfig+" is not a valid kubeconfig")
	}
	answer, err := client.Get(server + "/api/v1/nodes")
	if err != nil {
		return nil, problemOf("APIServerUnreachable", "cannot reach the API server")
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, problemOf("NodesUnreadable", fmt.Sprintf("the API server refuses to list the nodes (HTTP %d)", answer.StatusCode))
	}
	var list struct{ Items []nodeObject }
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		return nil, problemOf("NodesUnreadable", "the list of the nodes is not readable")
	}
	nodes := []nodeFacts{}
	for _, item := range list.Items {
		nodes = append(nodes, item.facts())
	}
	return nodes, nil
}

// nodeObject is the part of a Node object that matters here.
type nodeObject struct {
	Metadata struct{ Name string }
	Spec     struct {
		PodCIDR  string
		PodCIDRs []string
	}
	Status struct {
		Addresses []struct{ Type, Address string }
	}
}

func (n nodeObject) facts() nodeFacts {
	facts := nodeFacts{Name: n.Metadata.Name}
	cidrs := n.Spec.PodCIDRs
	if len(cidrs) == 0 {
		cidrs = []string{n.Spec.PodCIDR}
	}
	for _, text := range cidrs {
		if cidr, err := netip.ParsePrefix(text); err == nil {
			facts.PodCIDRs = append(facts.PodCIDRs, cidr.Masked())
		}
	}
	for _, each := range n.Status.Addresses {
		if ip, err := netip.ParseAddr(each.Address); err == nil && each.Type == "InternalIP" {
			facts.InternalIPs = append(facts.InternalIPs, ip)
		}
	}
	return facts
}

// kubeconfigFile is the part of a kubeconfig that kubeadm writes.
type kubeconfigFile struct {
	CurrentContext string `yaml:"current-context"`
	Contexts       []struct {
		Name    string
		Context struct{ Cluster, User string }
	}
	Clusters []struct {
		Name    string
		Cluster struct {
			Server string
			CA     string `yaml:"certificate-authority"`
			CAData string `yaml:"certificate-authority-data"`
		}
	}
	Users []struct {
		Name string
		User struct {
			Cert     string `yaml:"client-certificate"`
			CertData string `yaml:"client-certificate-data"`
			Key      string `yaml:"client-key"`
			KeyData  string `yaml:"client-key-data"`
		}
	}
}

func clientOf(path string) (server string, client *http.Client, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	var file kubeconfigFile
	if err := yaml.Unmarshal(text, &file); err != nil {
		return "", nil, err
	}
	settings := &tls.Config{RootCAs: x509.NewCertPool()}
	dir := filepath.Dir(path)
	for _, context := range file.Contexts {
		if context.Name != file.CurrentContext {
			continue
		}
		for _, each := range file.Clusters {
			if each.Name != context.Context.Cluster {
				continue
			}
			ca, err := dataOf(each.Cluster.CAData, each.Cluster.CA, dir)
			if err != nil {
				return "", nil, err
			}
			server = each.Cluster.Server
			settings.RootCAs.AppendCertsFromPEM(ca)
		}
		for _, each := range file.Users {
			if each.Name != context.Context.User {
				continue
			}
			cert, err := dataOf(each.User.CertData, each.User.Cert, dir)
			if err != nil {
				return "", nil, err
			}
			key, err := dataOf(each.User.KeyData, each.User.Key, dir)
			if err != nil {
				return "", nil, err
			}
			pair, err := tls.X509KeyPair(cert, key)
			if err != nil {
				return "", nil, err
			}
			settings.Certificates = []tls.Certificate{pair}
		}
	}
	if server == "" {
		return "", nil, errors.New("no server")
	}
	transport := &http.Transport{TLSClientConfig: settings, DisableKeepAlives: true}
	return server, &http.Client{Transport: transport, Timeout: 5 * time.Second}, nil
}

// dataOf returns the content that is inline, or that of the file.
func dataOf(inline, file, dir string) ([]byte, error) {
	if inline != "" {
		return base64.StdEncoding.DecodeString(inline)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(dir, file)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.New(err.Error()) // hides fs.ErrNotExist, which means that the kubeconfig itself is missing
	}
	return content, nil
}
