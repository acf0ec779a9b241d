package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
)

// serveFloor is the least a server can do: a gin handler that answers with
// the bytes it was given by PUT, and one that reads what is posted first.
func serveFloor() {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	var bytes []byte
	e.PUT("/bytes", func(c *gin.Context) {
		var err error
		if bytes, err = io.ReadAll(c.Request.Body); err != nil {
			c.Status(http.StatusBadRequest)
		}
	})
	e.GET("/bytes", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", bytes) })
	e.POST("/bytes", func(c *gin.Context) {
		if _, err := io.ReadAll(c.Request.Body); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		c.Data(http.StatusCreated, "application/json", bytes)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Printf("http://%s\n", l.Addr())
		err = http.Serve(l, e) //nolint:gosec // ends with the measurement
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
