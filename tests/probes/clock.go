// The time of day, randomness, processors and the network as a static Go program sees them.
package main

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"time"
)

func main() {
	now := time.Now()
	fmt.Println("now", now.UTC().Format(time.RFC3339Nano), now.Unix())
	begin := time.Now()
	time.Sleep(20 * time.Millisecond)
	fmt.Println("elapsed", time.Since(begin) >= 20*time.Millisecond)
	fmt.Println("processors", runtime.NumCPU())
	host, _ := os.Hostname()
	fmt.Println("host", host)
	bytes := make([]byte, 8)
	rand.Read(bytes)
	fmt.Printf("random %x\n", bytes)
	var group sync.WaitGroup
	for range 16 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 50 {
				if time.Now().Unix() != now.Unix() {
					fmt.Println("thread LEAK")
				}
			}
		}()
	}
	group.Wait()
	_, err := net.LookupHost("go.example.com")
	fmt.Println("look-up", err)
	client := http.Client{Timeout: 3 * time.Second}
	_, err = client.Get("http://192.0.2.7/")
	fmt.Println("reach", err)
}
