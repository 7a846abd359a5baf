namespace Palisade.Server.Ingest;

/// <summary>Answers of Splunk's HTTP Event Collector; the numbers and texts are Splunk's, senders decide by them.</summary>
internal enum HecCode
{
    Success = 0,
    TokenDisabled = 1,
    TokenRequired = 2,
    InvalidAuthorization = 3,
    InvalidToken = 4,
    NoData = 5,
    InvalidData = 6,
    IncorrectIndex = 7,
    InternalError = 8,
    Busy = 9,
    ChannelMissing = 10,
    InvalidChannel = 11,
    EventRequired = 12,
    EventBlank = 13,
    FieldsInvalid = 15,
    QueryTokenNotAllowed = 16,
    Healthy = 17,
    QueuesFull = 18,
    TooLarge = 27,
}

internal static class HecCodes
{
    public static string Text(this HecCode code) => code switch
    {
        HecCode.Success => "Success",
        HecCode.TokenDisabled => "Token disabled",
        HecCode.TokenRequired => "Token is required",
        HecCode.InvalidAuthorization => "Invalid authorization",
        HecCode.InvalidToken => "Invalid token",
        HecCode.NoData => "No data",
        HecCode.InvalidData => "Invalid data format",
        HecCode.IncorrectIndex => "Incorrect index",
        HecCode.InternalError => "Internal server error",
        HecCode.Busy => "Server is busy",
        HecCode.ChannelMissing => "Data channel is missing",
        HecCode.InvalidChannel => "Invalid data channel",
        HecCode.EventRequired => "Event field is required",
        HecCode.EventBlank => "Event field cannot be blank",
        HecCode.FieldsInvalid => "Error in handling indexed fields",
        HecCode.QueryTokenNotAllowed => "Query string authorization is not enabled",
        HecCode.Healthy => "HEC is healthy",
        HecCode.QueuesFull => "HEC is unhealthy, queues are full",
        _ => "Content is too large",
    };

    public static int Status(this HecCode code) => code switch
    {
        HecCode.Success or HecCode.Healthy => StatusCodes.Status200OK,
        HecCode.TokenRequired or HecCode.InvalidAuthorization => StatusCodes.Status401Unauthorized,
        HecCode.TokenDisabled or HecCode.InvalidToken => StatusCodes.Status403Forbidden,
        HecCode.TooLarge => StatusCodes.Status413PayloadTooLarge,
        HecCode.InternalError => StatusCodes.Status500InternalServerError,
        HecCode.Busy or HecCode.QueuesFull => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status400BadRequest,
    };

    /// <summary>What a refusal of a whole request is called here.</summary>
    public static HecCode Of(IngestRefusal refusal) => refusal switch
    {
        IngestRefusal.NoToken => HecCode.TokenRequired,
        IngestRefusal.BadToken => HecCode.InvalidToken,
        IngestRefusal.Forbidden => HecCode.TokenDisabled,
        IngestRefusal.JournalFull or IngestRefusal.TooBusy or IngestRefusal.Overloaded or IngestRefusal.Quota => HecCode.Busy,
        IngestRefusal.JournalError => HecCode.InternalError,
        IngestRefusal.BodyTooLarge or IngestRefusal.CompressionBomb or IngestRefusal.LineTooLong => HecCode.TooLarge,
        IngestRefusal.TooManySources or IngestRefusal.BadSourceName => HecCode.IncorrectIndex,
        _ => HecCode.InvalidData,
    };
}
