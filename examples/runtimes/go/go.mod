module example.com/kni-runtime

go 1.19

require (
	github.com/vishvananda/netlink v1.1.1-0.20220316193741-b112db377d18
	golang.org/x/sys v0.3.0
	google.golang.org/grpc v1.33.3
	google.golang.org/protobuf v1.28.1
	gopkg.in/yaml.v3 v3.0.1
)
