"""Tags in which a format counts, sizes or numbers what a file of it holds: they are not true of another file.

A tag of the same name in another format is one that somebody chose.
"""

TECHNICAL_TAGS = {
    "avi": frozenset(("software",)),
    "flv": frozenset(
        (
            *("hasaudio", "hasvideo", "hasmetadata", "haskeyframes", "hascuepoints", "canseektoend", "cuepoints"),
            *("duration", "totalduration", "starttime", "lasttimestamp", "lastkeyframetimestamp", "audiodelay"),
            *("filesize", "datasize", "videosize", "audiosize", "bytelength", "moovposition", "lastkeyframelocation"),
            *(
                "width",
                "height",
                "framerate",
                "videoframerate",
                "totalframes",
                "videocodecid",
                "avcprofile",
                "avclevel",
            ),
            *("videodatarate", "audiodatarate", "totaldatarate", "audiocodecid", "audiosamplerate", "audiosamplesize"),
            *("audiochannels", "stereo", "aacaot", "metadatacreator", "metadatadate", "presetname", "sourcedata"),
        )
    ),
    "mxf": frozenset(
        (
            *("operational_pattern_ul", "uid", "generation_uid", "product_uid", "material_package_umid"),
            *("file_package_umid", "company_name", "product_name", "product_version", "product_version_num"),
            *("application_platform", "toolkit_version_num"),
        )
    ),
    "asf": frozenset(("wmfsdkversion", "wmfsdkneeded", "isvbr", "deviceconformancetemplate", "wm/encodingsettings")),
}
"""By the format of the file, in ffmpeg's names; the tags are in small letters."""


def chosen_tags(tags: dict[str, str], format_name: str) -> dict[str, str]:
    """Return the tags that somebody chose, of all that a file or a track of a format has."""
    technical = TECHNICAL_TAGS.get(format_name, frozenset())
    return {name: value for name, value in tags.items() if name.lower() not in technical}
