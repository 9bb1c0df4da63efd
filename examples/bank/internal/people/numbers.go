// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// idNumber makes an identity number that is not taken yet and takes it. Its 17th
// digit is odd for men and even for women, as in real ones.
func idNumber(r *rand.Rand, region string, birth time.Time, male bool, taken map[string]bool) string {
	// Towns times days times 500 is a hundred times Max, so a free one is near.
	for seq := r.IntN(500); ; seq = (seq + 1) % 500 {
		digits := seq * 2
		if male {
			digits++
		}
		body := fmt.Sprintf("%s%s%03d", region, birth.Format("20060102"), digits)
		number := body + string(CheckCharacter(body))
		if !taken[number] {
			taken[number] = true
			return number
		}
	}
}

// CheckCharacter is the eighteenth character for the first seventeen digits of an
// identity number: ISO 7064 MOD 11-2, as GB 11643 has it. It returns 0 if body is
// not 17 digits.
func CheckCharacter(body string) byte {
	if len(body) != 17 {
		return 0
	}
	sum := 0
	for i := range len(body) {
		if body[i] < '0' || body[i] > '9' {
			return 0
		}
		// The weight of the digit at place k from the right, check character
		// included, is 2^k mod 11.
		sum += int(body[i]-'0') * ((1 << (17 - i)) % 11)
	}
	return "10X98765432"[sum%11]
}

// phone gives each person their own number: multiplication by an odd number that 5
// does not divide permutes the eight digits.
func phone(seed uint64, n int) string {
	const eight = 100_000_000
	return fmt.Sprintf("154%08d", (uint64(n)*48_271_993+seed%eight*7)%eight)
}
