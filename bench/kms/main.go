// Command peer seals and opens 256-byte texts with the policy that is at the heart of Vault's transit
// engine (OpenBao's is a fork of it), on one core, and prints how many it did in a second of each.
package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/hashicorp/vault/sdk/helper/keysutil"
	"github.com/hashicorp/vault/sdk/logical"
)

const (
	sizeBytes = 256
	round     = 2 * time.Second
)

func main() {
	runtime.GOMAXPROCS(1)
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	ctx := context.Background()
	locks, err := keysutil.NewLockManager(true, 0)
	if err != nil {
		return err
	}
	policy, _, err := locks.GetPolicy(ctx, keysutil.PolicyRequest{
		Upsert:  true,
		Storage: &logical.InmemStorage{},
		KeyType: keysutil.KeyType_AES256_GCM96,
		Name:    "bench",
	}, rand.Reader)
	if err != nil {
		return err
	}
	plaintext := base64.StdEncoding.EncodeToString(make([]byte, sizeBytes))
	var sealed string
	encrypts, err := perSecond(func() error {
		sealed, err = policy.Encrypt(0, nil, nil, plaintext)
		return err
	})
	if err != nil {
		return err
	}
	decrypts, err := perSecond(func() error {
		_, err := policy.Decrypt(nil, nil, sealed)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Printf("{\"encrypts\":%.0f,\"decrypts\":%.0f}\n", encrypts, decrypts)
	return nil
}

func perSecond(work func() error) (float64, error) {
	started := time.Now()
	count := 0
	for time.Since(started) < round {
		for i := 0; i < 100; i++ {
			if err := work(); err != nil {
				return 0, err
			}
		}
		count += 100
	}
	return float64(count) / time.Since(started).Seconds(), nil
}
