// SPDX-License-Identifier: MIT
#include "proof/symbolic/obligation.hpp"
#include "proof/symbolic/word.hpp"

// Obligations of every fate, for main_test.sh.
namespace quintet::proof {
namespace {

Word<8> any_byte() { return any<Word<8>>("byte"); }

const bool kRegistered[] = {
    obligation("good/holds", [] { prove("at most 255", any_byte() <= Word<8>(255)); }),
    must_refute("good/holds/killed", [] { prove("at most 254", any_byte() <= Word<8>(254)); }),
    obligation("bad/fails", [] { prove("at most 254", any_byte() <= Word<8>(254)); }),
    obligation("bad/vacuous",
               [] { prove_if("never", any_byte() < Word<8>(0), any_byte() == Word<8>(1)); }),
    obligation("bad/endless",
               [] {
                 const Word<32> end = any<Word<32>>("end");
                 for (Word<32> i(0); i < end; i += Word<32>(1)) {
                 }
                 prove("the loop ends", true);
               }),
    must_refute("bad/survives", [] { prove("at most 255", any_byte() <= Word<8>(255)); }),
};

}  // namespace
}  // namespace quintet::proof
