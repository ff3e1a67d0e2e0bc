"""The parameters that say how a reader came, not what there is to read: dropped from clean and key.

The list is the project's own, after the documentation of those who set the parameters (named above each group).
It decides article ids, so a change of it is a migration: raise TRACKING_VERSION then.

Names that identify an article on some sites are not in it, however often they track on others:
id, p, v, cid, mid, storyid, ref, source, src, mod, campaign, partner and the like.
"""

from __future__ import annotations

from typing import Final

from newsdesk.editorial.urls.percent import one_spelling

TRACKING_VERSION: Final = 1

# fmt: off
TRACKING_PREFIXES: Final = (
    "utm_",  # Google Analytics, "Custom campaigns"
    "mtm_",  # Matomo, "Campaign URL parameters"
    "matomo_",
    "piwik_",
    "hsa_",  # HubSpot Ads
)

TRACKING_NAMES: Final = frozenset(
    (
        # Google: Analytics, Ads and Merchant Center help (auto-tagging, cross-domain measurement, srsltid)
        "_ga", "_gl", "gclid", "gclsrc", "dclid", "wbraid", "gbraid", "gad_source", "gad_campaignid", "srsltid",
        # amp.dev: AMP viewer, linker and live lists
        "amp_js_v", "amp_gsa", "amp_r", "amp_kit", "amp_ct", "amp_tf", "amp_latest_update_time", "ampshare",
        "usqp", "aoh",
        # Meta: click ids of Facebook and Instagram
        "fbclid", "fb_action_ids", "fb_action_types", "fb_ref", "fb_source", "igshid", "igsh",
        # Microsoft: Advertising (msclkid), MSN (ocid), its blogs' Webtrends
        "msclkid", "ocid", "wt.mc_id", "wt.mc_ev", "wt.tsrc", "wt_mc",
        # Twitter: click ids, embedded timelines
        "twclid", "__twitter_impression", "ref_src", "ref_url",
        # LinkedIn
        "trk", "trkcampaign", "li_fat_id",
        # TikTok, Pinterest, Yandex
        "ttclid", "epik", "yclid", "ymclid", "_openstat",
        # Mailchimp
        "mc_cid", "mc_eid",
        # HubSpot
        "_hsenc", "_hsmi", "__hstc", "__hssc", "__hsfp", "hsctatracking",
        # Marketo
        "mkt_tok",
        # Oracle Eloqua
        "elqtrackid", "elqtrack", "elqaid", "elqat", "elqcampaignid", "elq_mid", "elq_cid",
        # Vero, Omeda, Drip, Klaviyo, MailerLite, ActiveCampaign
        "vero_id", "vero_conv", "oly_anon_id", "oly_enc_id", "__s", "_kx", "ml_subscriber", "ml_subscriber_hash",
        "vgo_ee",
        # Salesforce Marketing Cloud
        "sfmc_id", "sfmc_sub",
        # Branch, Wicked Reports
        "_branch_match_id", "_branch_referrer", "wickedid",
        # Adobe Analytics and Advertising, IBM Coremetrics
        "s_cid", "s_kwcid", "ef_id", "icid", "intcid", "cm_mmc", "cm_ite",
        # Matomo's former names
        "pk_campaign", "pk_kwd", "pk_keyword", "pk_source", "pk_medium", "pk_content", "pk_cid",
        # AT Internet, at the BBC and others
        "at_medium", "at_campaign", "at_custom1", "at_custom2", "at_custom3", "at_custom4", "at_link_id",
        "at_link_type", "at_link_origin", "at_format", "at_ptr_name", "at_bbc_team", "xtor",
        # comScore, at the BBC
        "ns_mchannel", "ns_source", "ns_campaign", "ns_linkname", "ns_fee",
        # Taboola, Outbrain, TrueAnthem, Alibaba
        "tblci", "dicbo", "taid", "spm",
        # Yahoo and AOL: campaigns, consent, sharing
        "ncid", "guccounter", "guce_referrer", "guce_referrer_sig", "soc_src", "soc_trk",
        # publishers' own: DMG Media (ico, ito), CNET (ftag), Financial Times, New York Times (smid, smtyp)
        "ico", "ito", "ftag", "ftcamp", "smid", "smtyp",
        # publishers' own: The Guardian (CMP), Conde Nast (mbid, bxid, cndid), Informa (_mc), Reuters feeds
        "cmp", "cmpid", "mbid", "bxid", "cndid", "_mc", "feedtype", "feedname",
    )
)
# fmt: on


def is_tracking(parameter: str) -> bool:
    """Whether *parameter*, name=value or a bare name, is on the deny-list; names are compared without case."""
    name = parameter.partition("=")[0]
    if "%" in name:
        name = one_spelling(name)
    name = name.lower()
    return name in TRACKING_NAMES or name.startswith(TRACKING_PREFIXES)
