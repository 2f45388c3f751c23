// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What OpenSSL calls EVP_PKEY and X509, so that users of this header need not include it.
struct evp_pkey_st;
struct x509_st;

// Who somebody is on the network: an RSA key, and a certificate of it that is signed by the key
// itself. Others know it by its end point, the SHA-256 of the public key; no authority vouches for
// it. Public keys are always the DER form of PKCS#1's RSAPublicKey.
// Errors are sentences without a full stop. Threading: an identity does not change once it is made,
// so any thread may read it.
namespace quintet::ironkv {

using Sha256 = std::array<std::byte, 32>;

// Sizes that keys are made in: multiples of 8. TLS refuses smaller ones; making larger ones takes
// minutes.
inline constexpr unsigned kFewestKeyBits = 2048;
inline constexpr unsigned kMostKeyBits = 8192;
// X.509 allows no longer common names.
inline constexpr std::size_t kMostCommonNameBytes = 64;
inline constexpr unsigned kMostDays = 36'500;

class Identity {
 public:
  // A new key and its certificate, of subject CN=`common_name` and nothing else, valid from a day
  // ago (clocks differ) for `days` from now, signed by RSA-PSS with SHA-256.
  // Costs from 0.1 s (2048 bits) to many seconds (8192).
  // Errors: a size, name or time outside the limits above.
  [[nodiscard]] static std::expected<Identity, std::string> make(unsigned bits,
                                                                 std::string_view common_name,
                                                                 unsigned days);

  // The identity in a PKCS#12 file of empty password: ours, OpenSSL's or .NET's.
  // Errors: not such a file, another password, no key or certificate in it, not an RSA key.
  [[nodiscard]] static std::expected<Identity, std::string> from_pkcs12(
      std::span<const std::byte> file);

  // Such a file. Empty passwords protect nothing; so its ciphers are those which the oldest readers
  // know, triple DES and SHA-1: mono, for one, refuses AES.
  [[nodiscard]] std::expected<std::vector<std::byte>, std::string> to_pkcs12() const;

  [[nodiscard]] std::span<const std::byte> public_key() const { return public_key_; }
  [[nodiscard]] const Sha256& end_point() const { return end_point_; }

  // For an SSL_CTX, which takes its own share of them. They live as long as the identity.
  [[nodiscard]] evp_pkey_st* key() const { return key_.get(); }
  [[nodiscard]] x509_st* certificate() const { return certificate_.get(); }

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
    void operator()(x509_st* certificate) const;
  };
  using Key = std::unique_ptr<evp_pkey_st, Free>;
  using Certificate = std::unique_ptr<x509_st, Free>;

  Identity(Key key, Certificate certificate);
  [[nodiscard]] static Key new_key(unsigned bits);
  [[nodiscard]] static Certificate signed_by(evp_pkey_st* key, std::string_view common_name,
                                             unsigned days);

  Key key_;
  Certificate certificate_;
  std::vector<std::byte> public_key_;
  Sha256 end_point_;
};

// The name by which the protocol knows the owner of a public key: its SHA-256.
[[nodiscard]] Sha256 end_point_of(std::span<const std::byte> public_key);

// Of a certificate, for instance of a TLS peer: its public key. Empty if that is no RSA key.
[[nodiscard]] std::vector<std::byte> public_key_of(x509_st* certificate);

// The name N of a certificate whose subject is CN=N and nothing else; otherwise empty.
[[nodiscard]] std::string common_name_of(x509_st* certificate);

// Whether now is between the certificate's first and last second.
[[nodiscard]] bool is_valid_now(x509_st* certificate);
[[nodiscard]] std::chrono::sys_seconds valid_from(x509_st* certificate);
[[nodiscard]] std::chrono::sys_seconds valid_until(x509_st* certificate);

// Bits of the modulus; nothing if these bytes are no RSAPublicKey.
[[nodiscard]] std::optional<unsigned> key_bits_of(std::span<const std::byte> public_key);

}  // namespace quintet::ironkv
