package config

import "context"

func validateConfigWithNetNSDir(dir string) error {
	config := DefaultRuntimeConfig()
	config.KNINetNSDir = dir
	_, err := ValidateRuntimeConfig(context.Background(), &config)
	return err
}
