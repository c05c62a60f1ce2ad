package config

import "context"

func validateConfigWithNetNSDir(dir string) error {
	config := DefaultConfig()
	config.KNINetNSDir = dir
	return ValidatePluginConfig(context.Background(), &config)
}
