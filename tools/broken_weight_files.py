#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Writes tests/data/io/broken: small files that the readers of sluice::io must refuse, and expected.txt beside them,
# which says for each a part of the reason. The tests and the fuzz targets begin with these files.
#
#   /usr/bin/python3 tools/broken_weight_files.py
"""Broken weight files for tests/io."""
import pathlib
import struct

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/io/broken"


def file(header, data=b"", length=None):
    """A safetensors file around a header, which may be anything."""
    if isinstance(header, str):
        header = header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def tensor(name="a", dtype="F32", shape="[2]", offsets="[0,8]"):
    return f'"{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}'


def one(**changes):
    return "{" + tensor(**changes) + "}"


EIGHT = bytes(range(8))
MOST = 2**64 - 1

SAFETENSORS = {
    # the frame
    "empty": (b"", "at least 8 bytes"),
    "seven_bytes": (b"\x02\0\0\0\0\0\0", "at least 8 bytes"),
    "length_only": (file("", length=0), "does not begin with {"),
    "length_past_the_end": (file("{}", length=3), "the header claims 3 bytes"),
    "length_all_ones": (file("{}", length=MOST), "at most 100000000"),
    "length_100_MB_on_20_bytes": (file("{}          ", length=100_000_000), "the header claims 100000000 bytes"),
    "length_above_100_MB": (file("{}", length=100_000_001), "at most 100000000"),
    "length_sign_bit": (file("{}", length=2**63), "at most 100000000"),
    # JSON
    "no_json": (file("hello"), "does not begin with {"),
    "array": (file("[]"), "does not begin with {"),
    "leading_space": (file(" {}"), "does not begin with {"),
    "byte_order_mark": (file(b"\xef\xbb\xbf{}"), "does not begin with {"),
    "unfinished": (file('{"a":'), "not a JSON object"),
    "two_objects": (file("{}{}"), "not a JSON object"),
    "comment": (file("{/* */}"), "not a JSON object"),
    "trailing_comma": (file("{" + tensor() + ",}", EIGHT), "not a JSON object"),
    "nul_after_the_end": (file("{}\0garbage"), "NUL"),
    "nul_in_a_name": (file("{" + tensor(name="a\0b") + "}", EIGHT), "NUL"),
    "not_utf8": (file(b'{"\xff":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', EIGHT), "in UTF-8"),
    "overlong_utf8": (file(b'{"\xc0\xaf":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', EIGHT), "in UTF-8"),
    "utf8_surrogate": (file(b'{"\xed\xa0\x80":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', EIGHT), "in UTF-8"),
    "lone_surrogate": (file('{"\\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', EIGHT), "in UTF-8"),
    "deep_objects": (file('{"dtype":' * 5000), "unexpectedly an object"),
    "deep_arrays": (file('{"a":{"dtype":"F32","shape":' + "[" * 5000), "unexpectedly an array"),
    "array_for_a_tensor": (file('{"a":[]}'), "unexpectedly an array"),
    "number_for_a_tensor": (file('{"a":1}'), "unexpectedly a number"),
    "null_for_a_tensor": (file('{"a":null}'), "unexpectedly null"),
    # tensors
    "duplicate_tensor": (file("{" + tensor() + "," + tensor(offsets="[8,16]") + "}", EIGHT * 2), "'a' twice"),
    "duplicate_by_escape": (
        file("{" + tensor() + "," + tensor(name="\\u0061", offsets="[8,16]") + "}", EIGHT * 2), "'a' twice"),
    "duplicate_dtype": (
        file('{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', EIGHT), "dtype twice"),
    "duplicate_shape": (
        file('{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}', EIGHT), "shape twice"),
    "duplicate_offsets": (
        file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"data_offsets":[0,8]}}', EIGHT),
        "data_offsets twice"),
    "unknown_entry": (file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}', EIGHT), "unknown entry 'x'"),
    "no_entries": (file('{"a":{}}'), "missing"),
    "no_dtype": (file('{"a":{"shape":[2],"data_offsets":[0,8]}}', EIGHT), "missing"),
    "no_shape": (file('{"a":{"dtype":"F32","data_offsets":[0,8]}}', EIGHT), "missing"),
    "no_offsets": (file('{"a":{"dtype":"F32","shape":[2]}}', EIGHT), "missing"),
    "unknown_dtype": (file(one(dtype="F31"), EIGHT), "unknown dtype 'F31'"),
    "lower_case_dtype": (file(one(dtype="f32"), EIGHT), "unknown dtype"),
    "number_for_dtype": (file('{"a":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}', EIGHT), "unexpectedly a number"),
    "dtype_too_wide": (file(one(dtype="F64"), EIGHT), "does not fill 8 bytes"),
    "dtype_too_narrow": (file(one(dtype="F16"), EIGHT), "does not fill 8 bytes"),
    "half_a_byte": (file(one(dtype="F4", shape="[3]", offsets="[0,1]"), b"x"), "does not fill 1 bytes"),
    "string_for_shape": (file(one(shape='"2"'), EIGHT), "unexpectedly a string"),
    "string_in_shape": (file(one(shape='["2"]'), EIGHT), "unexpectedly a string"),
    "negative_extent": (file(one(shape="[-2]"), EIGHT), "negative"),
    "minus_zero_extent": (file(one(shape="[-0]", offsets="[0,0]")), "negative"),
    "fraction_extent": (file(one(shape="[2.0]"), EIGHT), "a fraction"),
    "extent_beyond_64_bits": (file(one(shape="[18446744073709551616]"), EIGHT), "a fraction"),
    "extent_beyond_an_index": (file(one(shape="[9223372036854775808]"), EIGHT), "more than this machine can address"),
    "shape_overflows": (file(one(shape="[4294967296,4294967296]"), EIGHT), "overflows"),
    "shape_overflows_to_the_right_size": (file(one(shape="[4611686018427387906]"), EIGHT), "overflows"),
    "shape_overflows_before_zero": (file(one(shape="[4294967296,4294967296,0]", offsets="[0,0]")), "overflows"),
    "rank_33": (file(one(shape="[" + "1," * 32 + "2]"), EIGHT), "rank above 32"),
    "long_name": (file(one(name="n" * 1025), EIGHT), "more than 1024 bytes"),
    # ranges
    "no_offset": (file(one(offsets="[]"), EIGHT), "must be two numbers"),
    "one_offset": (file(one(offsets="[8]"), EIGHT), "must be two numbers"),
    "three_offsets": (file(one(offsets="[0,8,8]"), EIGHT), "more than two"),
    "backward_offsets": (file(one(offsets="[8,0]"), EIGHT), "backwards"),
    "huge_offsets": (
        file(one(offsets="[18446744073709551600,18446744073709551608]"), EIGHT), "a hole"),
    "hole_at_the_front": (file(one(offsets="[8,16]"), EIGHT * 2), "a hole"),
    "hole_between": (file("{" + tensor() + "," + tensor(name="b", offsets="[16,24]") + "}", EIGHT * 3), "a hole"),
    "overlap": (file("{" + tensor() + "," + tensor(name="b", offsets="[4,12]") + "}", EIGHT * 2), "an overlap"),
    "same_range_twice": (file("{" + tensor() + "," + tensor(name="b") + "}", EIGHT), "an overlap"),
    "empty_tensor_inside_another": (
        file("{" + tensor() + "," + tensor(name="b", shape="[0]", offsets="[4,4]") + "}", EIGHT), "an overlap"),
    "trailing_byte": (file(one(), EIGHT + b"x"), "the tensors fill 8 bytes, the file has 9"),
    "missing_byte": (file(one(), EIGHT[:7]), "the tensors fill 8 bytes, the file has 7"),
    "data_without_tensors": (file("{}", b"x"), "the tensors fill 0 bytes"),
    # metadata
    "metadata_number": (file('{"__metadata__":{"a":1}}'), "unexpectedly a number"),
    "metadata_object": (file('{"__metadata__":{"a":{}}}'), "unexpectedly an object"),
    "metadata_null": (file('{"__metadata__":null}'), "unexpectedly null"),
    "metadata_string": (file('{"__metadata__":"a"}'), "unexpectedly a string"),
    "metadata_twice": (file('{"__metadata__":{},"__metadata__":{}}'), "__metadata__ twice"),
    "metadata_key_twice": (file('{"__metadata__":{"a":"1","a":"2"}}'), "metadata 'a' twice"),
}


def npy(header="{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", data=EIGHT, version=(1, 0), length=None):
    """A .npy file around a header, which may be anything."""
    if isinstance(header, str):
        header = header.encode()
    code = "<H" if version[0] == 1 else "<I"
    return (b"\x93NUMPY" + bytes(version) + struct.pack(code, len(header) if length is None else length) + header + data)


def shaped(shape, descr="'<f4'", order="False"):
    return npy("{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }")


NPY = {
    "empty": (b"", "not a .npy file"),
    "magic_only": (b"\x93NUMPY", "not a .npy file"),
    "other_magic": (b"\x93NUMPX" + npy()[6:], "not a .npy file"),
    "version_0": (npy(version=(0, 0)), "has version 0.0"),
    "version_4": (npy(version=(4, 0)), "has version 4.0"),
    "version_1_1": (npy(version=(1, 1)), "has version 1.1"),
    "length_past_the_end": (npy(length=65535), "the header claims 65535 bytes"),
    "length_4_GB": (npy(version=(2, 0), length=2**32 - 1), "the header claims 4294967295 bytes"),
    "length_cut": (npy(version=(2, 0))[:11], "the header claims"),
    "no_dict": (npy("[]"), "expected {"),
    "no_header": (npy("", b""), "expected {"),
    "unfinished": (npy("{'descr': '<f4'"), "expected }"),
    "string_without_end": (npy("{'descr: 1}"), "a string without end"),
    "escape": (npy("{'de\\x73cr': '<f4'}"), "an escape"),
    "text_after": (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }x"), "something follows"),
    "nul_after": (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\0"), "something follows"),
    "unknown_key": (npy("{'descr': '<f4', 'x': 1}"), "unknown or repeated key 'x'"),
    "key_twice": (npy("{'descr': '<f4', 'descr': '<f4'}"), "unknown or repeated key 'descr'"),
    "no_shape": (npy("{'descr': '<f4', 'fortran_order': False, }"), "is missing"),
    "no_order": (npy("{'descr': '<f4', 'shape': (2,), }"), "is missing"),
    "no_descr": (npy("{'fortran_order': False, 'shape': (2,), }"), "is missing"),
    "order_is_a_number": (shaped("(2,)", order="0"), "neither True nor False"),
    "big_endian": (shaped("(2,)", "'>f4'"), "only '<f2'"),
    "native_endian": (shaped("(2,)", "'=f4'"), "only '<f2'"),
    "integers": (shaped("(2,)", "'<i4'"), "only '<f2'"),
    "complex": (shaped("(1,)", "'<c8'"), "only '<f2'"),
    "objects": (shaped("(1,)", "'|O'"), "only '<f2'"),
    "records": (shaped("(1,)", "[('a', '<f4'), ('b', '<f4')]"), "expected '"),
    "shape_is_a_number": (shaped("2"), "expected ("),
    "shape_is_no_tuple": (shaped("(2)"), "shape is no tuple"),
    "shape_without_commas": (shaped("(1 2)"), "without commas"),
    "negative_extent": (shaped("(-2,)"), "no number"),
    "fraction_extent": (shaped("(2.0,)"), "without commas"),
    "extent_beyond_an_index": (shaped("(9223372036854775808,)"), "cannot address"),
    "shape_overflows": (shaped("(4294967296, 4294967296)"), "overflows"),
    "shape_overflows_to_the_right_size": (shaped("(4611686018427387906,)"), "overflows"),
    "rank_33": (shaped("(" + "1," * 32 + "2)"), "rank above 32"),
    "nested_shape": (shaped("((((((2,),),),),),)"), "no number"),
    "too_short": (shaped("(3,)"), "fills 12 bytes, the file has 8"),
    "too_long": (shaped("(1,)"), "fills 4 bytes, the file has 8"),
}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.iterdir():
        old.unlink()
    with open(OUT / "expected.txt", "w", encoding="utf-8", newline="\n") as expected:
        for kind, files in (("npy", NPY), ("safetensors", SAFETENSORS)):
            for name, (content, reason) in sorted(files.items()):
                (OUT / f"{name}.{kind}").write_bytes(content)
                expected.write(f"{name}.{kind} {reason}\n")


if __name__ == "__main__":
    main()
