// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { fingerprintOf } from './fingerprint';

const certificate = [
  '-----BEGIN CERTIFICATE-----',
  'MIIBeTCCAR+gAwIBAgIUUmtY7yjVhTH2vpbvUdvkvipZKmQwCgYIKoZIzj0EAwIw',
  'ETEPMA0GA1UEAwwGc2VuZGVyMCAXDTI2MTEyMjE3MTQxNFoYDzIxMDkwMTExMTcx',
  'NDE0WjARMQ8wDQYDVQQDDAZzZW5kZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC',
  'AAQfx5fxbhFiySRVN1B6R8OBCrck9hy8NfoPF5Y5ZAQc48zrwKIo+uG2xo1uHapL',
  'YICoJmK+n75XibgHh4lDSeMZo1MwUTAdBgNVHQ4EFgQUsTZC759u79KFmjywEy4F',
  'D1aBg7owHwYDVR0jBBgwFoAUsTZC759u79KFmjywEy4FD1aBg7owDwYDVR0TAQH/',
  'BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAkyRlUhueecNy79LKufrUQw+1dRwL',
  'vem53TT0ykqUGPgCIELQ60kwZlZzVd2BY5t1U4yKPioPnf3zC50loOyTZLLC',
  '-----END CERTIFICATE-----',
].join('\n');

it('is what openssl x509 -fingerprint -sha256 prints', () => {
  const printed = '0A:37:7B:15:D9:4A:64:DA:61:96:C3:7E:D0:2F:D9:4F:F9:B4:8B:3E:D4:E4:5C:D7:79:A7:5F:13:2C:4B:01:D8';
  expect(fingerprintOf(certificate)).toBe(printed);
  expect(fingerprintOf(`comment\r\n${certificate.replaceAll('\n', '\r\n')}\n`)).toBe(printed);
});

it.each(['', 'no certificate', certificate.replaceAll('CERTIFICATE', 'PRIVATE KEY'), '-----BEGIN CERTIFICATE-----\n=A\n-----END CERTIFICATE-----'])(
  'finds none in %j',
  (text) => expect(fingerprintOf(text)).toBeUndefined(),
);
