// SPDX-License-Identifier: MIT
#include "ironkv/net/identity.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs12err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <cstdint>
#include <ctime>
#include <utility>

namespace quintet::ironkv {
namespace {

// For what OpenSSL gives and takes back by `Release`.
template <auto Release>
struct FreeBy {
  void operator()(auto* thing) const { Release(thing); }
};
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;
using Pkcs12 = std::unique_ptr<PKCS12, FreeBy<PKCS12_free>>;

constexpr int kCipher = NID_pbe_WithSHA1And3_Key_TripleDES_CBC;
constexpr int kRounds = 2048;
constexpr const char* kNoPassword = "";

// Why OpenSSL refused, by the newest entry of its list, which is emptied.
std::string reason() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const char* const text = error == 0 ? nullptr : ERR_reason_error_string(error);
  return text == nullptr ? "OpenSSL does not say why" : text;
}

std::unexpected<std::string> refused(std::string_view what) {
  return std::unexpected(std::string(what) + ": " + reason());
}

// DER by one of OpenSSL's i2d functions; empty if it fails.
template <auto ToDer, class Thing>
std::vector<std::byte> der(const Thing* thing) {
  const int size = ToDer(thing, nullptr);
  if (size <= 0) return {};
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  auto* end = reinterpret_cast<unsigned char*>(bytes.data());
  if (ToDer(thing, &end) != size) return {};
  return bytes;
}

std::vector<std::byte> public_key_of_key(const EVP_PKEY* key) {
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return {};
  return der<i2d_PublicKey>(key);
}

bool set_number(X509* certificate) {
  // 62 random bits: as good as unique, and positive as X.509 wants it.
  std::uint64_t number = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) != 1) return false;
  number = (number >> 1) | 1;
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number) == 1;
}

bool set_times(X509* certificate, unsigned days) {
  return X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, nullptr) != nullptr &&
         X509_time_adj_ex(X509_getm_notAfter(certificate), static_cast<int>(days), 0, nullptr) !=
             nullptr;
}

bool set_names(X509* certificate, std::string_view common_name) {
  X509_NAME* const subject = X509_get_subject_name(certificate);
  return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1;
}

bool sign(X509* certificate, EVP_PKEY* key) {
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* padding = nullptr;  // belongs to `context`
  return context != nullptr &&
         EVP_DigestSignInit(context.get(), &padding, EVP_sha256(), nullptr, key) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST) == 1 &&
         X509_sign_ctx(certificate, context.get()) > 0;
}

std::chrono::sys_seconds time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

// After PKCS12_parse() failed.
std::string why_pkcs12_stays_closed() {
  const unsigned long error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) == ERR_LIB_PKCS12 &&
      ERR_GET_REASON(error) == PKCS12_R_MAC_VERIFY_FAILURE) {
    ERR_clear_error();
    return "the PKCS#12 file has a password, or is damaged: its password must be empty";
  }
  return "the PKCS#12 file cannot be opened: make it again with triple DES or AES: " + reason();
}

// What is wrong with the arguments of make(); empty if nothing is.
std::string complaint(unsigned bits, std::string_view common_name, unsigned days) {
  if (bits < kFewestKeyBits || bits > kMostKeyBits || bits % 8 != 0) {
    return std::to_string(bits) + " is no size of a key: use a multiple of 8 bits from " +
           std::to_string(kFewestKeyBits) + " to " + std::to_string(kMostKeyBits);
  }
  if (common_name.empty() || common_name.size() > kMostCommonNameBytes) {
    return "the name `" + std::string(common_name) + "` has " + std::to_string(common_name.size()) +
           " bytes: a certificate's name has 1 to " + std::to_string(kMostCommonNameBytes);
  }
  if (days == 0 || days > kMostDays) {
    return std::to_string(days) + " days are no time for a certificate: use 1 to " +
           std::to_string(kMostDays);
  }
  return {};
}

}  // namespace

void Identity::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void Identity::Free::operator()(x509_st* certificate) const { X509_free(certificate); }

Identity::Identity(Key key, Certificate certificate)
    : key_(std::move(key)),
      certificate_(std::move(certificate)),
      public_key_(public_key_of_key(key_.get())),
      end_point_(end_point_of(public_key_)) {}

Identity::Key Identity::new_key(unsigned bits) {
  const KeyContext context(EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nullptr));
  EVP_PKEY* key = nullptr;
  if (context == nullptr || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), static_cast<int>(bits)) != 1 ||
      EVP_PKEY_keygen(context.get(), &key) != 1) {
    return nullptr;
  }
  return Key(key);
}

Identity::Certificate Identity::signed_by(evp_pkey_st* key, std::string_view common_name,
                                          unsigned days) {
  Certificate certificate(X509_new());
  X509* const x509 = certificate.get();
  const bool is_made = x509 != nullptr && X509_set_version(x509, X509_VERSION_3) == 1 &&
                       set_number(x509) && set_times(x509, days) && set_names(x509, common_name) &&
                       X509_set_pubkey(x509, key) == 1 && sign(x509, key);
  return is_made ? std::move(certificate) : nullptr;
}

std::expected<Identity, std::string> Identity::make(unsigned bits, std::string_view common_name,
                                                    unsigned days) {
  if (std::string wrong = complaint(bits, common_name, days); !wrong.empty()) {
    return std::unexpected(std::move(wrong));
  }
  ERR_clear_error();
  Key key = new_key(bits);
  if (!key) return refused("cannot make an RSA key of " + std::to_string(bits) + " bits");
  Certificate certificate = signed_by(key.get(), common_name, days);
  if (!certificate) {
    return refused("cannot make a certificate for `" + std::string(common_name) + "`");
  }
  return Identity(std::move(key), std::move(certificate));
}

std::expected<Identity, std::string> Identity::from_pkcs12(std::span<const std::byte> file) {
  ERR_clear_error();
  const auto* position = reinterpret_cast<const unsigned char*>(file.data());
  const auto* const end = position + file.size();
  const Pkcs12 parsed(d2i_PKCS12(nullptr, &position, static_cast<long>(file.size())));
  if (!parsed || position != end) {
    ERR_clear_error();
    return std::unexpected("these bytes are no PKCS#12 file: they are damaged or something else");
  }
  EVP_PKEY* raw_key = nullptr;
  X509* raw_certificate = nullptr;
  // Of several certificates it takes the one of the key.
  const int opened = PKCS12_parse(parsed.get(), kNoPassword, &raw_key, &raw_certificate, nullptr);
  Key key(raw_key);
  Certificate certificate(raw_certificate);
  if (opened != 1) return std::unexpected(why_pkcs12_stays_closed());
  if (!key || !certificate) {
    return std::unexpected("the PKCS#12 file must hold both a private key and its certificate");
  }
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return std::unexpected("the key in the PKCS#12 file is no RSA key: make one with RSA");
  }
  return Identity(std::move(key), std::move(certificate));
}

std::expected<std::vector<std::byte>, std::string> Identity::to_pkcs12() const {
  ERR_clear_error();
  // -1: no checksum yet; PKCS12_create knows only the default one, SHA-256.
  const Pkcs12 file(PKCS12_create(kNoPassword, nullptr, key_.get(), certificate_.get(), nullptr,
                                  kCipher, kCipher, kRounds, -1, 0));
  if (!file || PKCS12_set_mac(file.get(), kNoPassword, 0, nullptr, 0, kRounds, EVP_sha1()) != 1) {
    return refused("cannot make a PKCS#12 file");
  }
  std::vector<std::byte> bytes = der<i2d_PKCS12>(file.get());
  if (bytes.empty()) return refused("cannot make a PKCS#12 file");
  return bytes;
}

Sha256 end_point_of(std::span<const std::byte> public_key) {
  Sha256 hash;
  static_assert(std::tuple_size_v<Sha256> == SHA256_DIGEST_LENGTH);
  SHA256(reinterpret_cast<const unsigned char*>(public_key.data()), public_key.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

std::vector<std::byte> public_key_of(x509_st* certificate) {
  return public_key_of_key(X509_get0_pubkey(certificate));
}

std::string common_name_of(x509_st* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  if (X509_NAME_entry_count(subject) != 1) return {};
  const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(subject, 0);
  if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) != NID_commonName) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
  if (size < 0) {
    ERR_clear_error();
    return {};
  }
  std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return name;
}

bool is_valid_now(x509_st* certificate) {
  // Zero, which a time that cannot be read gives, is neither.
  return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
         X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

std::chrono::sys_seconds valid_from(x509_st* certificate) {
  return time_of(X509_get0_notBefore(certificate));
}

std::chrono::sys_seconds valid_until(x509_st* certificate) {
  return time_of(X509_get0_notAfter(certificate));
}

std::optional<unsigned> key_bits_of(std::span<const std::byte> public_key) {
  const auto* position = reinterpret_cast<const unsigned char*>(public_key.data());
  const auto* const end = position + public_key.size();
  const std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>> key(
      d2i_PublicKey(EVP_PKEY_RSA, nullptr, &position, static_cast<long>(public_key.size())));
  ERR_clear_error();
  if (!key || position != end) return {};
  return static_cast<unsigned>(EVP_PKEY_get_bits(key.get()));
}

}  // namespace quintet::ironkv
