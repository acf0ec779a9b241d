package api

//go:generate go tool -modfile=../../deploy/dev/tools.mod oapi-codegen -config codegen.yaml openapi.yaml
