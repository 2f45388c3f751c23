// SPDX-License-Identifier: MIT
#include "ironkv/net/identity.hpp"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ironkv/test/bytes.hpp"
#include "ironkv/test/hex.hpp"
#include "testing/catch.hpp"

using namespace quintet::ironkv;
using namespace std::chrono_literals;

namespace {

constexpr unsigned kDays = 90;

// Made once, since that takes its time.
const Identity& someone() {
  static const Identity identity = Identity::make(2048, "shop.IronSHT.server1", kDays).value();
  return identity;
}

EVP_PKEY* new_elliptic_key() { return EVP_EC_gen("P-256"); }

// A PKCS#12 file as others make it.
std::vector<std::byte> pkcs12_of(EVP_PKEY* key, X509* certificate, const char* password,
                                 int cipher = NID_aes_256_cbc) {
  PKCS12* const file =
      PKCS12_create(password, "friendly", key, certificate, nullptr, cipher, cipher, 1, 1, 0);
  REQUIRE(file != nullptr);
  unsigned char* bytes = nullptr;
  const int size = i2d_PKCS12(file, &bytes);
  PKCS12_free(file);
  REQUIRE(size > 0);
  const auto copy =
      owned_bytes({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  OPENSSL_free(bytes);
  return copy;
}

// A certificate that somebody else signed, with the subject of these entries.
X509* certificate_of(EVP_PKEY* key, const std::vector<std::pair<int, std::string>>& subject) {
  X509* const certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  for (const auto& [what, text] : subject) {
    X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), what, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(text.data()),
                               static_cast<int>(text.size()), -1, 0);
  }
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  return certificate;
}

std::string why_not(const std::vector<std::byte>& file) {
  const auto identity = Identity::from_pkcs12(file);
  return identity ? "it is an identity" : identity.error();
}

}  // namespace

TEST_CASE("an end point is the SHA-256 of the public key") {
  // The examples of FIPS 180-4.
  CHECK(to_hex(end_point_of(owned_bytes("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(end_point_of({})) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(someone().end_point() == end_point_of(someone().public_key()));
}

TEST_CASE("a public key is the PKCS#1 form of the modulus and 65537") {
  const std::string key = to_hex(someone().public_key());
  // A sequence of 266 bytes: an integer of 257, the first one 0, and 65537.
  REQUIRE(key.size() == 2 * 270);
  CHECK(key.starts_with("3082010a0282010100"));
  CHECK(key.ends_with("0203010001"));
  BIGNUM* modulus = nullptr;
  REQUIRE(EVP_PKEY_get_bn_param(someone().key(), "n", &modulus) == 1);
  std::vector<std::byte> bytes(256);
  CHECK(BN_bn2binpad(modulus, reinterpret_cast<unsigned char*>(bytes.data()), 256) == 256);
  BN_free(modulus);
  CHECK(key.substr(18, 512) == to_hex(bytes));
  CHECK(key_bits_of(someone().public_key()) == 2048);
}

TEST_CASE("bits are told only of a whole RSA public key") {
  std::vector<std::byte> key(someone().public_key().begin(), someone().public_key().end());
  CHECK_FALSE(key_bits_of(std::span(key).first(269)));
  key.push_back(std::byte{0});
  CHECK_FALSE(key_bits_of(key));
  CHECK_FALSE(key_bits_of({}));
  CHECK_FALSE(key_bits_of(owned_bytes("thirty-two bytes of something...")));
}

TEST_CASE("a certificate has its name as subject and issuer and nothing else") {
  X509* const certificate = someone().certificate();
  CHECK(common_name_of(certificate) == "shop.IronSHT.server1");
  X509_NAME* const subject = X509_get_subject_name(certificate);
  CHECK(X509_NAME_entry_count(subject) == 1);
  CHECK(X509_NAME_cmp(subject, X509_get_issuer_name(certificate)) == 0);
  CHECK(X509_get_version(certificate) == 2);  // counted from 0
  CHECK(X509_get_ext_count(certificate) == 0);
  CHECK(public_key_of(certificate) ==
        std::vector(someone().public_key().begin(), someone().public_key().end()));
}

TEST_CASE("a certificate is signed by its own key with RSA-PSS and SHA-256") {
  X509* const certificate = someone().certificate();
  CHECK(X509_get_signature_nid(certificate) == NID_rsassaPss);
  int hash = 0;
  int key = 0;
  REQUIRE(X509_get_signature_info(certificate, &hash, &key, nullptr, nullptr) == 1);
  CHECK(hash == NID_sha256);
  CHECK(key == EVP_PKEY_RSA_PSS);
  // The key itself is not bound to that padding, as .NET has it.
  CHECK(EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)) == EVP_PKEY_RSA);
  CHECK(X509_verify(certificate, someone().key()) == 1);
}

TEST_CASE("a certificate is valid from a day ago for the days that were asked for") {
  X509* const certificate = someone().certificate();
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  CHECK(is_valid_now(certificate));
  CHECK(valid_until(certificate) - valid_from(certificate) == 24h * (kDays + 1));
  CHECK(valid_from(certificate) < now - 23h);
  CHECK(valid_until(certificate) > now + 24h * (kDays - 1));
}

TEST_CASE("a certificate of another time is not valid now") {
  X509* const other = X509_dup(someone().certificate());
  X509_gmtime_adj(X509_getm_notAfter(other), -60);
  CHECK_FALSE(is_valid_now(other));
  X509_gmtime_adj(X509_getm_notBefore(other), 60);
  X509_gmtime_adj(X509_getm_notAfter(other), 120);
  CHECK_FALSE(is_valid_now(other));
  X509_gmtime_adj(X509_getm_notBefore(other), -60);
  CHECK(is_valid_now(other));
  X509_free(other);
}

TEST_CASE("a certificate has a common name only if that is all of its subject") {
  EVP_PKEY* const key = someone().key();
  for (const auto& [subject, name] :
       std::vector<std::pair<std::vector<std::pair<int, std::string>>, std::string>>{
           {{{NID_commonName, "client"}}, "client"},
           {{{NID_commonName, "caf\xc3\xa9"}}, "caf\xc3\xa9"},
           {{{NID_commonName, std::string("a\0b", 3)}}, std::string("a\0b", 3)},
           {{}, ""},
           {{{NID_organizationName, "client"}}, ""},
           {{{NID_commonName, "client"}, {NID_organizationName, "client"}}, ""},
           {{{NID_commonName, "client"}, {NID_commonName, "other"}}, ""}}) {
    X509* const certificate = certificate_of(key, subject);
    CHECK(common_name_of(certificate) == name);
    X509_free(certificate);
  }
}

TEST_CASE("an identity comes back from its PKCS#12 file") {
  const auto file = someone().to_pkcs12();
  REQUIRE(file);
  const auto again = Identity::from_pkcs12(*file);
  REQUIRE(again);
  CHECK(again->end_point() == someone().end_point());
  CHECK(to_hex(again->public_key()) == to_hex(someone().public_key()));
  CHECK(EVP_PKEY_eq(again->key(), someone().key()) == 1);
  CHECK(X509_cmp(again->certificate(), someone().certificate()) == 0);
}

TEST_CASE("PKCS#12 files of others are read with the empty password or with none") {
  for (const char* const password : {"", static_cast<const char*>(nullptr)}) {
    for (const int cipher : {NID_aes_256_cbc, NID_pbe_WithSHA1And3_Key_TripleDES_CBC}) {
      const auto file = pkcs12_of(someone().key(), someone().certificate(), password, cipher);
      const auto identity = Identity::from_pkcs12(file);
      REQUIRE(identity);
      CHECK(identity->end_point() == someone().end_point());
    }
  }
}

TEST_CASE("what is no PKCS#12 file of an RSA identity is refused with the reason") {
  const auto whole = someone().to_pkcs12().value();
  auto file = whole;
  file.pop_back();
  CHECK(why_not({}) == "these bytes are no PKCS#12 file: they are damaged or something else");
  CHECK(why_not(file) == why_not({}));
  file = whole;
  file.push_back(std::byte{0});
  CHECK(why_not(file) == why_not({}));
  file = whole;
  file[file.size() / 2] ^= std::byte{1};
  CHECK(why_not(file).starts_with("the PKCS#12 file has a password, or is damaged"));
  CHECK(why_not(pkcs12_of(someone().key(), someone().certificate(), "secret")) == why_not(file));
  CHECK(why_not(pkcs12_of(nullptr, someone().certificate(), "")) ==
        "the PKCS#12 file must hold both a private key and its certificate");
  CHECK(why_not(pkcs12_of(someone().key(), nullptr, "")) ==
        "the PKCS#12 file must hold both a private key and its certificate");
}

TEST_CASE("keys that are not RSA are refused") {
  EVP_PKEY* const key = new_elliptic_key();
  REQUIRE(key != nullptr);
  X509* const certificate = certificate_of(key, {{NID_commonName, "client"}});
  CHECK(public_key_of(certificate).empty());
  CHECK(why_not(pkcs12_of(key, certificate, ""))
            .starts_with("the key in the PKCS#12 file is no RSA"));
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TEST_CASE("an identity is made only of sizes and names and times within the limits") {
  using std::string;
  const auto why = [](unsigned bits, string name, unsigned days) {
    const auto identity = Identity::make(bits, name, days);
    return identity ? string("it was made") : identity.error();
  };
  CHECK(why(1024, "a", 1).starts_with("1024 is no size of a key: use a multiple of 8 bits from"));
  CHECK(why(8200, "a", 1).starts_with("8200 is no size"));
  CHECK(why(2049, "a", 1).starts_with("2049 is no size"));
  CHECK(why(2048, "", 1).starts_with("the name `` has 0 bytes"));
  CHECK(why(2048, string(65, 'a'), 1).ends_with("has 65 bytes: a certificate's name has 1 to 64"));
  CHECK(why(2048, "a", 0).starts_with("0 days are no time"));
  CHECK(why(2048, "a", 36'501).starts_with("36501 days are no time"));
  CHECK(why(2048, "\xff", 1).starts_with("cannot make a certificate for"));
}

TEST_CASE("two identities of one name and size differ and can be moved") {
  auto other = Identity::make(2048, std::string_view("shop.IronSHT.server1"), kMostDays);
  REQUIRE(other);
  CHECK(other->end_point() != someone().end_point());
  CHECK(ASN1_INTEGER_cmp(X509_get0_serialNumber(other->certificate()),
                         X509_get0_serialNumber(someone().certificate())) != 0);
  const EVP_PKEY* const key = other->key();
  const Identity moved = *std::move(other);
  CHECK(moved.key() == key);
  CHECK(moved.end_point() == end_point_of(moved.public_key()));
  CHECK(is_valid_now(moved.certificate()));
}
